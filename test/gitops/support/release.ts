import type { ModelVersion } from '@pawl/shared/modelversion/model-version';
import { type Kind, type Offer, publish } from '../../e2e/support/bundles.ts';
import { git } from './git.ts';
import { keyOf } from './inventory.ts';
import { objectName } from './personalise.ts';
import type { Delivery, StepRun } from './step.ts';
import type { EnvironmentName, SyncedEnvironment, Installation } from './installation.ts';

/** A bundle that was published, signed, and under which name the cluster will know it. */
export interface NamedOffer extends Offer {
  readonly name: string;
}

/** Publishes weights under a version and remembers whose answers are theirs. */
export async function published(installation: Installation, kind: Kind, version: string): Promise<NamedOffer> {
  const offer = await publish(kind, version, { signed: true });
  installation.published.set(offer.digest, version);
  return { ...offer, name: objectName(version) };
}

/**
 * `pawl release` to staging with a push; Argo CD is Synced to it, unless `deliver` is false. Versions that it takes out of
 * the folder, because they are too many, are expected to go.
 */
export async function release(
  run: StepRun,
  kind: Kind,
  version: string,
  { deliver = true }: { readonly deliver?: boolean } = {},
): Promise<{ readonly released: NamedOffer; readonly delivery: Delivery }> {
  const { clone } = run.installation;
  const released = await published(run.installation, kind, version);
  await clone.pawlDone('release', released.uri, '--env', 'staging', '--push');
  const deleted = await git(clone.folder, 'show', '--format=', '--name-only', '--diff-filter=D', 'HEAD');
  for (const [, old] of deleted.matchAll(/staging\/models\/catdog-(.+)\.yaml$/gm))
    run.removes(versionKey(run.installation, 'staging', old ?? ''));
  const commit = await clone.head();
  return { released, delivery: deliver ? await run.delivered() : { commit, syncedAt: 0 } };
}

/** Waits until a version serves and answers alone. */
export async function serves(
  run: StepRun,
  environment: SyncedEnvironment,
  { name, digest }: NamedOffer,
): Promise<ModelVersion> {
  const version = await environment.env.waitForPhase(name, 'Serving');
  if (environment.load === undefined) await run.installation.use(environment);
  await run.answersOnlyFrom(environment, digest);
  return version;
}

/** A ModelVersion as the inventory names it. */
export const versionKey = (installation: Installation, environment: EnvironmentName, version: string) =>
  keyOf({
    group: 'pawl.dev',
    kind: 'ModelVersion',
    namespace: installation.environments[environment].namespace,
    name: objectName(version),
  });

/** Seconds from the moment that Argo CD saw a commit to the moment that a version served, by this machine's clock. */
export function secondsToServing(
  { syncs }: Installation,
  environment: SyncedEnvironment,
  commit: string,
  name: string,
): number {
  const seen = syncs.firstAt(environment.versions, commit, false);
  const served = environment.env.history.entries.find(
    (entry) => entry.name === name && entry.phase === 'Serving' && entry.at >= (seen ?? Infinity),
  )?.at;
  if (seen === undefined || served === undefined) throw new Error(`${name}: it was not seen when it came or served`);
  return (served - seen) / 1000;
}
