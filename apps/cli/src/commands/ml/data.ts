import type { Command } from 'commander';
import type { PrepareOptions } from '../../ml/data/run-data.ts';
import type { Session } from '../session.ts';

export function addData(program: Command, session: Session): void {
  const data = program
    .command('data')
    .summary('prepare photographs for training')
    .description('Photographs for training.');
  data
    .command('prepare')
    .summary('make a data set of a folder of photographs')
    .description(
      'Make a data set of a folder of photographs: decode every photograph as the service does, leave out what ' +
        'is broken or there twice, split the rest, and report it all on a page. A run that was stopped is continued.',
    )
    .option('--raw <path>', 'folder, or tar archive: one folder a label, or train/val/test folders of them', 'data/raw')
    .option('--out <folder>', 'becomes the data set: {train,val,test}/label/*.png', 'data/processed')
    .option('--archive <file.tar>', 'also write the data set into an archive; the same data give the same bytes')
    .option('--report <folder>', 'where report.json and report.html go', 'reports/data')
    .option('--params <file>', 'parameters; section preprocess (default: params.yaml)')
    .option(
      '--check-labels <bundle>',
      "ask a bundle which labels look wrong; '' asks none (default: of the parameters)",
    )
    .option('--cache <folder>', 'where features are kept, for pawl train to find', '.cache/features')
    .action(async (options: PrepareOptions) => {
      const [{ runPrepare }, { askByFeatures }] = await Promise.all([
        import('../../ml/data/run-data.ts'),
        import('../../ml/training/features/ask-by-features.ts'),
      ]);
      await runPrepare(session.context, options, askByFeatures);
    });
  data
    .command('pack')
    .summary('put a folder into a tar archive, always the same bytes for the same files')
    .description(
      'Put the files of a folder into a tar archive: sorted, without times and owners, not compressed, so that the same ' +
        'files give the same bytes. Hidden files stay out.',
    )
    .argument('<folder>')
    .argument('<file.tar>')
    .action(async (folder: string, archive: string) => {
      const { runPack } = await import('../../ml/data/run-data.ts');
      await runPack(session.context, folder, archive);
    });
}
