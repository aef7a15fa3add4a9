import { faults } from './faults.ts';
import { speed } from './speed.ts';
import { story } from './story.ts';
import { clusterLock } from '../e2e/support/cluster-lock.ts';
import { controllerKiller } from './support/argocd-controller.ts';
import { World } from './support/world.ts';

/** Longest to set the stage or to clear it, with the wait for those who have the cluster alone. */
const SETTING_TIMEOUT_MS = 1_800_000;

const killArgoCd = await controllerKiller();

describe('GitOps', () => {
  let made: World | undefined;
  const world = () => {
    if (made === undefined) throw new Error('there is no world; see the failure of beforeAll');
    return made;
  };

  beforeAll(async () => {
    made = await (await clusterLock()).during('shared', () => World.create());
  }, SETTING_TIMEOUT_MS);

  afterAll(async () => {
    await (await clusterLock()).during('shared', async () => made?.destroy());
  }, SETTING_TIMEOUT_MS);

  story(world);
  faults(world, killArgoCd);
  speed(world);
});
