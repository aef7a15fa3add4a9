import { maskUris } from '@pawl/shared/errors/mask-uri';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { Command, CommanderError } from 'commander';
import { addCascade } from './commands/ml/cascade.ts';
import { addCompletion } from './commands/completion.ts';
import { addDiff } from './commands/bundles/diff.ts';
import { addData } from './commands/ml/data.ts';
import { addDrift } from './commands/watch/drift.ts';
import { addEnvironments } from './commands/gitops/environments.ts';
import { addEvaluate } from './commands/ml/evaluate.ts';
import { addExplain } from './commands/cluster/explain.ts';
import { addGet } from './commands/cluster/get.ts';
import { addInspect } from './commands/bundles/inspect.ts';
import { addLog } from './commands/service/log.ts';
import { addKeys } from './commands/bundles/keys.ts';
import { addPackage } from './commands/ml/package.ts';
import { addPredict } from './commands/ml/predict.ts';
import { addPromote } from './commands/gitops/promote.ts';
import { addPublish } from './commands/bundles/publish.ts';
import { addPull } from './commands/bundles/pull.ts';
import { addRelease } from './commands/gitops/release.ts';
import { addRetrain } from './commands/ml/retrain.ts';
import { addRollback } from './commands/gitops/rollback.ts';
import { addOldSpellings, addRollout } from './commands/cluster/rollout.ts';
import { addRuns } from './commands/ml/runs.ts';
import { addReport } from './commands/watch/report.ts';
import type { Session } from './commands/session.ts';
import { addSign } from './commands/bundles/sign.ts';
import { addSimulate } from './commands/service/simulate.ts';
import { addSmoke } from './commands/service/smoke.ts';
import { addTrain } from './commands/ml/train.ts';
import { addVerify } from './commands/bundles/verify.ts';
import type { ClusterContext } from './cluster/cluster-context.ts';
import { CliError, exitCodes, type ExitCode } from './errors/cli-error.ts';
import { plain, plainLine } from './terminal/text.ts';
import { themeFor } from './terminal/theme.ts';
import { PAWL_VERSION } from './terminal/version.ts';

const EXIT_CODES = `
Exit codes:
  0    done, and what was asked about holds
  1    the answer is no: a Failed version, a request that makes no sense now
  2    the command line is wrong
  3    what lies outside cannot be reached or refuses: a cluster, service or store
  4    there is no ModelVersion, model, file or run of that name
  124  --timeout was over first
  130  stopped by Ctrl-C
`;

/** Codes of {@link PawlError} that say that a store, or the way to it, refuses. */
const REFUSED_OUTSIDE: readonly string[] = [
  'BUNDLE_ACCESS_DENIED',
  'BUNDLE_STORE_REFUSED',
  'BUNDLE_STORE_UNTRUSTED',
  'BUNDLE_TOKEN_REALM_REFUSED',
] satisfies PawlError['code'][];

/** The commands, in the order in which help lists them. */
const commands = [
  addTrain,
  addEvaluate,
  addPredict,
  addPackage,
  addCascade,
  addRetrain,
  addKeys,
  addSign,
  addVerify,
  addPublish,
  addPull,
  addInspect,
  addDiff,
  addRelease,
  addEnvironments,
  addGet,
  addExplain,
  addRollout,
  addPromote,
  addRollback,
  addRuns,
  addData,
  addSimulate,
  addSmoke,
  addLog,
  addReport,
  addDrift,
];

/** The program with all its commands; nothing runs yet. */
export function createProgram(session: Session): Command {
  const { stdout, stderr } = session.context;
  const program = new Command('pawl')
    .description('Roll new weights out to an image-classification service on Kubernetes, one verified step at a time.')
    .version(PAWL_VERSION, '-V, --version')
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      getOutHelpWidth: () => themeFor(stdout, session.context.env).width ?? 80,
      getErrHelpWidth: () => themeFor(stderr, session.context.env).width ?? 80,
    })
    // `--version` after a command is that of a bundle.
    .enablePositionalOptions()
    .exitOverride()
    .showHelpAfterError('(see --help; options go after the command)')
    .addHelpText('after', EXIT_CODES);
  for (const add of commands) add(program, session);
  addCompletion(program, [process.execPath, process.argv[1] ?? 'pawl']);
  // After completion, which would offer them.
  addOldSpellings(program, session);
  return program;
}

/** Runs one command line (without `node` and the script) to its exit code. Never throws, never exits the process. */
export async function run(argv: readonly string[], context: ClusterContext): Promise<ExitCode> {
  const session: Session = { context, exitCode: exitCodes.ok };
  try {
    await createProgram(session).parseAsync(argv, { from: 'user' });
    return session.exitCode;
  } catch (error) {
    return report(error, context);
  }
}

/** Words of any origin, safe for a terminal and for the log of a CI. */
const shown = (text: string): string => plain(maskUris(text));

/** Says what went wrong on stderr: what is wrong and what was expected, then what to do. */
function report(error: unknown, context: ClusterContext): ExitCode {
  // Commander has written its message, or the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  const theme = themeFor(context.stderr, context.env);
  if (context.signal.aborted) {
    // Most commands have nothing to say then: who pressed Ctrl-C knows what ended.
    if (error instanceof CliError && error.code === 'INTERRUPTED' && error.hint !== '')
      context.stderr.write(
        `${shown(error.message)}\n${theme.paint('strong', 'next:')}  ${shown(theme.asCalled(error.hint))}\n`,
      );
    return exitCodes.interrupted;
  }
  if (error instanceof CliError || error instanceof PawlError) {
    context.stderr.write(`${theme.paint('bad', 'error:')} ${shown(error.message)} [${error.code}]\n`);
    if (error.hint !== '')
      context.stderr.write(`${theme.paint('strong', 'next:')}  ${shown(theme.asCalled(error.hint))}\n`);
    if (error instanceof CliError) return error.exitCode;
    if (error.code === 'BUNDLE_NOT_FOUND') return exitCodes.notFound;
    return error.transient || REFUSED_OUTSIDE.includes(error.code) ? exitCodes.cluster : exitCodes.no;
  }
  // A stack has lines of its own; the message in it may repeat what a stranger wrote.
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const text = maskUris(stack).split('\n').map(plainLine).join('\n');
  context.stderr.write(`${theme.paint('bad', 'error:')} this is a defect of pawl; please report it\n${text}\n`);
  return exitCodes.no;
}
