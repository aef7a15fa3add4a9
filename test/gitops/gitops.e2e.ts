import { faults } from './faults.ts';
import { speed } from './speed.ts';
import { story } from './story.ts';
import { controllerKiller } from './support/argocd-controller.ts';
import { World } from './support/world.ts';

const killArgoCd = await controllerKiller();

describe('GitOps', () => {
  let made: World | undefined;
  const world = () => {
    if (made === undefined) throw new Error('there is no world; see the failure of beforeAll');
    return made;
  };

  beforeAll(async () => {
    made = await World.create();
  }, 300_000);

  afterAll(async () => {
    await made?.destroy();
  }, 300_000);

  story(world);
  faults(world, killArgoCd);
  speed(world);
});
