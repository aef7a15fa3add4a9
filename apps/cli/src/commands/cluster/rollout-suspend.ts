import { exitCodes } from '../../errors/cli-error.ts';
import { suspendPatch, suspension } from '../../cluster/model-version/rollout-request.ts';
import { findVersion } from '../../cluster/model-version/find.ts';
import { originOf } from '../../cluster/model-version/origin.ts';
import { plain } from '../../terminal/text.ts';
import { flagsOf, themeOf, withCluster, type ClusterOptions, type Session } from '../session.ts';

/** Sets `spec.suspend`, and says who may set it back. */
export function setSuspend(session: Session, name: string, suspend: boolean, options: ClusterOptions): Promise<void> {
  return withCluster(session, options, async (cluster) => {
    const { stdout, stderr } = session.context;
    const version = await findVersion(cluster, name);
    if ((version.spec.suspend ?? false) === suspend) {
      stdout.write(`${name} is ${suspend ? 'suspended already' : 'not suspended'}; nothing to do.\n`);
      return exitCodes.ok;
    }
    const namespace = options.namespace === undefined ? ` -n ${cluster.namespace}` : '';
    const command = `kubectl${namespace}${flagsOf(options)} patch modelversion ${name} --type merge -p '{"spec":{"suspend":${suspend}}}'`;
    stdout.write(`${plain(suspension(version, suspend))}\n${themeOf(session, options).paint('dim', `= ${command}`)}\n`);
    const origin = originOf(version);
    if (origin.kind !== 'hand') {
      stderr.write(
        `warning: ${origin.words} applies ${name}. If its manifest there sets spec.suspend, this change is reverted ` +
          `${origin.kind === 'git' ? 'as soon as self-heal sees it; set spec.suspend in Git instead' : 'by the next upgrade'}.\n`,
      );
    }
    await cluster.patchModelVersion(name, suspendPatch(version, suspend));
    return exitCodes.ok;
  });
}
