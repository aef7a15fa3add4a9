import { component, kubectl } from '../../e2e/support/cluster.ts';
import { settings } from '../../e2e/support/settings.ts';
import { ARGOCD } from './argocd.ts';

const NAME = 'argocd-application-controller';

/**
 * How Argo CD's application controller is killed here, so that it comes back: its pods without grace where it has some, else
 * by PAWL_TEST_COMPONENT. @returns undefined where neither can be done.
 */
export async function controllerKiller(): Promise<(() => Promise<void>) | undefined> {
  const selector = `app.kubernetes.io/name=${NAME}`;
  const pods = await kubectl('get', 'pods', '-n', ARGOCD, '-l', selector, '-o', 'name');
  if (pods.trim() !== '')
    return async () => {
      await kubectl('delete', 'pods', '-n', ARGOCD, '-l', selector, '--grace-period=0', '--force', '--wait=false');
    };
  if (settings().component === undefined) return undefined;
  return async () => {
    await component('kill', NAME);
    await component('start', NAME);
  };
}
