import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Option, type Command } from 'commander';
import type { Context } from '../../terminal/context.ts';
import { CliError, exitCodes, type ExitCode } from '../../errors/cli-error.ts';
import { outputOption, writeData, type Format } from '../output.ts';
import { themeOf, type Session } from '../session.ts';

interface CheckOptions {
  readonly base?: string;
  readonly report?: string;
  readonly environments: string;
  readonly chart: string;
  readonly kubeconform?: string;
  readonly schemas?: string;
  readonly offline?: boolean;
  readonly output?: Format;
  readonly color: boolean;
}

export function addEnvironments(program: Command, session: Session): void {
  program
    .command('environments')
    .summary('check the folders that Argo CD applies')
    .description('The folders of k8s/environments, which say what runs where.')
    .command('check')
    .summary('render, validate and compare environments')
    .description(
      'Render what Argo CD would apply and check it: files, values, ModelVersions, policies, keys, acceptance images, ' +
        'that no environment reaches beyond its own namespace and kinds, and that none gets a version that the one before it ' +
        'does not have. With --base, show what changes.',
    )
    .argument('[name...]', 'environments (default: all)')
    .option('--base <ref>', 'branch, tag or commit that the working tree is compared with, such as origin/main')
    .option('--report <file>', 'write the comparison as Markdown, short enough for a comment on GitHub')
    .option('--environments <folder>', 'folder of the environments', 'k8s/environments')
    .option('--chart <folder>', 'the chart', 'charts/pawl')
    .option('--kubeconform <path>', 'validate by this kubeconform (default: the one on the PATH, where there is one)')
    .option(
      '--schemas <location>',
      "kubeconform's schemas, such as folder/{{.ResourceKind}}{{.KindSuffix}}.json (default: the public ones)",
    )
    .option('--offline', 'use no network: no public schemas, and no store is asked what its bundles are')
    .addOption(outputOption('json', 'yaml'))
    .addOption(new Option('--no-color', 'no colours (also: NO_COLOR)'))
    .action(async (names: readonly string[], options: CheckOptions) => {
      session.exitCode = await check(session, names, options);
    });
}

async function check(session: Session, names: readonly string[], options: CheckOptions): Promise<ExitCode> {
  const { context } = session;
  const [{ checkEnvironments, isGood }, { renderEnvironmentChecks }, { renderReport }, { outsideCodes }] =
    await Promise.all([
      import('../../gitops/environments/check/check.ts'),
      import('../../gitops/environments/check/render-checks.ts'),
      import('../../gitops/environments/check/render-report.ts'),
      import('../../gitops/environments/check/findings.ts'),
    ]);
  const report = await checkEnvironments(context, {
    names,
    base: options.base,
    environments: options.environments,
    chart: options.chart,
    kubeconform: {
      program: options.kubeconform,
      schemas: options.schemas,
      offline: options.offline === true,
    },
  });
  if (options.report !== undefined) await writeReport(context, options.report, renderReport(report));
  if (options.output === 'json' || options.output === 'yaml') await writeData(context.stdout, options.output, report);
  else context.stdout.write(`${renderEnvironmentChecks(report, themeOf(session, options)).join('\n')}\n`);
  if (isGood(report.checks)) return exitCodes.ok;
  const errors = report.checks.flatMap(({ findings }) => findings).filter(({ severity }) => severity === 'error');
  return errors.every(({ code }) => outsideCodes.includes(code)) ? exitCodes.cluster : exitCodes.no;
}

async function writeReport(context: Context, file: string, text: string): Promise<void> {
  const path = resolve(context.cwd, file);
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  } catch (cause) {
    throw new CliError('FILE_WRITE_FAILED', `${file} cannot be written.`, 'Name a file that you may write.', cause);
  }
}
