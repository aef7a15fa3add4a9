import type { Command } from 'commander';
import { exitCodes } from '../../errors/cli-error.ts';
import { outputOption, writeData, type Format } from '../output.ts';
import { STORES_HELP, withPageOptions, type PageOptions } from './publishing-options.ts';
import { themeOf, type Session } from '../session.ts';

interface VerifyOptions extends PageOptions {
  readonly key?: string;
  readonly digest?: string;
  readonly output?: Format;
}

export function addVerify(program: Command, session: Session): void {
  withPageOptions(
    program
      .command('verify')
      .summary('check a bundle: manifest, digest, signature, every file')
      .description('Fetch a bundle and check its manifest, its digest, its signature and every file.')
      .argument('<uri>', 'address or folder of the bundle')
      .option('--key <file>', 'public key that must have signed it')
      .option('--digest <digest>', 'sha256:… that it must have')
      .addOption(outputOption('json', 'yaml')),
  )
    .addHelpText('after', STORES_HELP)
    .action((uri: string, options: VerifyOptions) => verify(session, uri, options));
}

async function verify(session: Session, text: string, options: VerifyOptions): Promise<void> {
  const { context } = session;
  const [{ checkBundle }, { readKey }, { toUri }, { renderBundleChecks }, { parseBundleUri }] = await Promise.all([
    import('../../bundles/check-bundle.ts'),
    import('../../bundles/read-bundle.ts'),
    import('../../bundles/stores.ts'),
    import('../../bundles/render-checks.ts'),
    import('@pawl/shared/bundle/bundle-uri'),
  ]);
  const uri = toUri(text, context.cwd);
  const { display } = parseBundleUri(uri);
  const publicKeyPem = options.key === undefined ? undefined : await readKey(context, options.key, 'public');
  const result = await checkBundle(context, uri, { digest: options.digest, publicKeyPem });
  if (options.output === 'json' || options.output === 'yaml') {
    const { checks, digest, problem } = result;
    const error = problem === undefined ? {} : { error: { code: problem.code, message: problem.message } };
    await writeData(context.stdout, options.output, {
      uri: display,
      valid: problem === undefined,
      digest,
      checks,
      ...error,
    });
  } else {
    context.stdout.write(`${renderBundleChecks(result, display, themeOf(session, options)).join('\n')}\n`);
  }
  if (result.problem !== undefined) throw result.problem;
  session.exitCode = exitCodes.ok;
}
