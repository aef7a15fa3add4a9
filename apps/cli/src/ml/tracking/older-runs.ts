import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { foldersIn } from './store-files.ts';

/** How many runs lie in a folder as earlier versions of Pawl wrote them: in the file layout of MLflow. */
export async function countOlderRuns(root: string): Promise<number> {
  let runs = 0;
  // An experiment's id; its runs lie in it.
  for (const experiment of (await foldersIn(root)).filter((name) => /^\d+$/.test(name)))
    for (const run of await foldersIn(join(root, experiment)))
      if (await exists(join(root, experiment, run, 'meta.yaml'))) runs += 1;
  return runs;
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
