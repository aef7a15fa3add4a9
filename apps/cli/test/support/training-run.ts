import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openBundle } from '@pawl/shared/bundle/open-bundle';
import { writeMlflowModel } from '../../src/ml/tracking/mlflow-model.ts';
import { startRun, type StartRunOptions } from '../../src/ml/tracking/start-run.ts';
import type { Tracker } from '../../src/ml/tracking/tracker.ts';

export const catdog = fileURLToPath(new URL('../../../../models/catdog', import.meta.url));

/** Steps of a training run as `pawl train` records it. */
export const training = {
  async start(options: StartRunOptions): Promise<Tracker> {
    const run = await startRun(options);
    await run.params({
      epochs: 3,
      batch_size: 32,
      lr: 0.001,
      weight_decay: 0.0001,
      model: 'resnet18',
      optimizer: 'adam',
    });
    await run.dataset({ name: 'catdog', hash: `sha256:${'ab'.repeat(32)}`, source: 'data/processed.tar' });
    return run;
  },
  async epoch(run: Tracker, epoch: number): Promise<void> {
    await run.metrics(
      { train_loss: 1 / epoch, train_acc: 1 - 0.3 / epoch, val_loss: 0.9 / epoch, val_acc: 0.9 },
      epoch,
    );
  },
  async finish(run: Tracker, scratch: string): Promise<void> {
    await run.metrics({ test_loss: 0.2, test_acc: 0.95 }, 3);
    for (const name of ['loss_curves.png', 'confusion_matrix.png']) {
      const source = join(scratch, name);
      await writeFile(source, `not really ${name}`);
      await run.artifact({ source, path: name });
    }
    const { directory, manifest, digest } = await openBundle(catdog);
    const source = join(scratch, 'mlflow-model');
    await writeMlflowModel(source, { directory, manifest, digest, runId: run.runId, now: new Date() });
    await run.artifact({ source, path: 'model' });
    await run.register({ name: 'catdog', path: 'model', alias: 'candidate', tags: { 'pawl.bundle.digest': digest } });
    await run.end('FINISHED');
  },
};

/**
 * Logits that the service's own session gives for pixels in a file, one picture after the other. In a process of its own:
 * onnxruntime does not take the typed arrays of Jest's realm.
 */
export async function logitsOf(bundle: string, pixels: string): Promise<readonly number[]> {
  const script = fileURLToPath(new URL('logits.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--conditions=pawl-source',
    '--no-warnings',
    script,
    bundle,
    pixels,
  ]);
  return JSON.parse(stdout) as readonly number[];
}
