import { faults } from './faults.ts';
import { speed } from './speed.ts';
import { trespass } from './trespass.ts';
import { walkthrough } from './walkthrough.ts';
import { clusterLock } from '../e2e/support/cluster-lock.ts';
import { controllerKiller } from './support/argocd-controller.ts';
import { Installation } from './support/installation.ts';

/** Longest to install all or to clear it, with the wait for those who have the cluster alone. */
const SETTING_TIMEOUT_MS = 1_800_000;

const killArgoCd = await controllerKiller();

describe('GitOps', () => {
  let made: Installation | undefined;
  const installation = () => {
    if (made === undefined) throw new Error('there is no installation; see the failure of beforeAll');
    return made;
  };

  beforeAll(async () => {
    made = await (await clusterLock()).during('shared', () => Installation.create());
  }, SETTING_TIMEOUT_MS);

  afterAll(async () => {
    await (await clusterLock()).during('shared', async () => made?.destroy());
  }, SETTING_TIMEOUT_MS);

  walkthrough(installation);
  faults(installation, killArgoCd);
  speed(installation);
  trespass(installation);
});
