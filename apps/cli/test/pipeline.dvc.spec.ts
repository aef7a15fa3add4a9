import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { Project } from './support/project.ts';

/** Two trainings, and Python's imports at every command. */
import.meta.jest.setTimeout(900_000);

describeWhenSet('PAWL_TEST_DVC', 'the pipeline under a real DVC', (dvcPath) => {
  describeWhenSet('PAWL_TEST_PHOTOS', 'with photographs', (photos) => {
    let project: Project;
    const dvc = (...args: readonly string[]) => project.execute(dvcPath, ...args);
    const ran = (output: string) => [...output.matchAll(/Running stage '(\w+)'/g)].map(([, stage]) => stage);

    beforeAll(async () => {
      project = await Project.make(photos);
      await project.pawl('data', 'pack', 'data/raw', 'data/raw.tar');
      await dvc('add', 'data/raw.tar');
      await project.commit('data');
    });
    afterAll(() => project.remove());

    it('runs both stages, then nothing, then only what a parameter concerns', async () => {
      expect(ran(await dvc('repro'))).toEqual(['preprocess', 'train']);
      const tracked = await project.execute('git', 'ls-files', '--others', '--cached', '--exclude-standard');
      expect(tracked).toMatch(/^data\/raw\.tar\.dvc$/m);
      expect(tracked).toMatch(/^dvc\.lock$/m);
      // Neither photographs nor weights nor figures go into Git.
      expect(tracked).not.toMatch(/^(data\/(raw|processed)[/.](?!tar\.dvc)|models\/candidate|reports|runs)/m);
      await project.commit('first');

      const second = await dvc('repro');
      expect(ran(second)).toEqual([]);
      expect(second).toContain('Data and pipelines are up to date.');

      await project.set(['train', 'lr'], 0.01);
      expect(ran(await dvc('repro'))).toEqual(['train']);
      expect(await dvc('params', 'diff')).toMatch(/train\.lr +0\.001 +0\.01/);

      expect(await dvc('metrics', 'show')).toMatch(/Path.*accuracy[^]*reports\/train\/metrics\.json/);
      const diff = JSON.parse(await dvc('metrics', 'diff', '--json')) as Record<
        string,
        Record<string, { old: number; new: number }>
      >;
      const logLoss = diff['reports/train/metrics.json']?.['log_loss_uncalibrated'];
      expect(logLoss?.old).toEqual(expect.any(Number));
      expect(logLoss?.new).not.toBe(logLoss?.old);

      await dvc('plots', 'show', '--out', 'plots');
      const page = await readFile(join(project.folder, 'plots/index.html'), 'utf8');
      expect([...page.matchAll(/<div id = "(\w+)">/g)].map(([, id]) => id)).toEqual(['loss', 'accuracy', 'confusion']);
      expect(page).toContain('"field": "val_loss"');
      expect(page).toContain('"predicted": "');

      await project.set(['preprocess', 'seed'], 43);
      expect(ran(await dvc('repro'))).toEqual(['preprocess', 'train']);
    });
  });
});
