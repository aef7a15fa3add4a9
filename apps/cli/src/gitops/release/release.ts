import { join } from 'node:path';
import { parseBundleUri } from '@pawl/shared/bundle/bundle-uri';
import type { Manifest } from '@pawl/shared/bundle/manifest';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import type { Context } from '../../terminal/context.ts';
import { commitChange, type Committed } from '../environments/commit-change.ts';
import { applyEdits, type FileEdit } from '../environments/file-edits.ts';
import { inCheckout, type ChangeKind } from '../environments/checkout.ts';
import { CliError } from '../../errors/cli-error.ts';
import { readEnvironment, versionsOf, type Environment } from '../environments/environment.ts';
import { commitMessage } from './release-message.ts';
import { planRelease, type Release, type ReleasePlan } from './plan-release.ts';
import { pinnedUri, readStoredManifest, withBundle } from '../../bundles/read-bundle.ts';

/** What was asked to be released. */
export interface ReleaseRequest {
  /** Address of a published bundle. */
  readonly uri: string;
  /** `sha256:<hex>` that it must have, where something said so. */
  readonly digest?: string | undefined;
  /** Name of the environment. */
  readonly environment: string;
  /** Folder of the environments. */
  readonly environments: string;
  /** PEM; in place of the environment's own key. */
  readonly publicKeyPem?: string | undefined;
  /** Versions of the model that stay. */
  readonly keep: number;
  readonly dryRun: boolean;
  readonly commit: boolean;
  readonly push: boolean;
  /** Subject of the commit, in place of ours. */
  readonly message?: string | undefined;
  /** Go on when the version before cannot be fetched. */
  readonly allowUncompared: boolean;
}

/** What is going to be released, and why it may be. */
export interface Proposal {
  readonly environment: Environment;
  readonly release: Release;
  /** Whether a key was asked for, and the bundle is signed by it. */
  readonly verified: boolean;
  /** Manifest of the version before; undefined when there is none or it could not be fetched. */
  readonly previous: Manifest | undefined;
  readonly plan: ReleasePlan;
}

/** What came of it. */
export type Released = Proposal & Omit<Committed<Proposal>, 'proposal'>;

/** Told what happens on the way. */
export interface ReleaseObserver {
  /** Before anything is written; again when others pushed first and the release was made again on theirs. */
  proposed(proposal: Proposal): void;
  warn(message: string): void;
}

const RELEASE: ChangeKind = { noun: 'release', refused: 'RELEASE_REFUSED' };

/**
 * Puts a published bundle into an environment's folder as a ModelVersion, commits that and nothing else, and pushes it when
 * asked to. When others pushed first, the commit is taken back and everything is decided again on what they have.
 *
 * @throws CliError VERSION_TOO_SMALL, RELEASE_REFUSED, GIT_FAILED, FILE_NOT_FOUND; PawlError of the bundle and its store.
 */
export async function release(context: Context, request: ReleaseRequest, observer: ReleaseObserver): Promise<Released> {
  refuseSecrets(request.uri);
  const { environments, environment: name } = request;
  const first = await readEnvironment(context, environments, name);
  const publicKeyPem = request.publicKeyPem ?? first.publicKeyPem;
  let resolved: Release | undefined;
  const propose = async (environment: Environment): Promise<Proposal> => {
    resolved ??= await resolveRelease(context, request, publicKeyPem);
    const proposal = await proposeRelease(
      context,
      request,
      environment,
      resolved,
      publicKeyPem !== undefined,
      observer,
    );
    observer.proposed(proposal);
    return proposal;
  };
  if (request.dryRun) return await propose(first);
  if (!request.commit) {
    const proposal = await propose(first);
    if (proposal.plan.kind === 'release') await applyEdits(editsOf(proposal.environment, proposal.plan));
    return proposal;
  }
  const destination = { environments, clean: [name], dryRun: false, push: request.push };
  return await inCheckout(context, RELEASE, destination, async (checkout) => {
    const { proposal, ...done } = await commitChange(checkout, RELEASE, async () => {
      const proposed = await propose(await readEnvironment(context, environments, name));
      const { environment, plan } = proposed;
      if (plan.kind === 'already') return { kind: 'already', proposal: proposed };
      const message = commitMessage(proposed, plan, request.message);
      return { kind: 'change', proposal: proposed, edits: editsOf(environment, plan), message };
    });
    return { ...proposal, ...done };
  });
}

/** Compares with the version before, and plans. @throws CliError VERSION_TOO_SMALL, RELEASE_REFUSED. */
export async function proposeRelease(
  context: Context,
  request: Pick<ReleaseRequest, 'keep' | 'allowUncompared'>,
  environment: Environment,
  release: Release,
  verified: boolean,
  observer: Pick<ReleaseObserver, 'warn'>,
): Promise<Proposal> {
  const previous = await previousManifest(context, request, environment, release, observer);
  const { name, versions } = environment;
  const plan = planRelease({ environment: name, versions, release, previous, keep: request.keep });
  return { environment, release, verified, previous, plan };
}

/** An address goes into Git and into a cluster, where many read it. @throws CliError RELEASE_REFUSED. */
function refuseSecrets(uri: string): void {
  const location = parseBundleUri(uri);
  if (location.kind !== 'https' || (location.credentials === undefined && location.base.search === '')) return;
  throw new CliError(
    'RELEASE_REFUSED',
    `the address of ${location.display} has a name, a password or a query in it, and would be committed with them.`,
    'Give the address without; publish to a registry where reading needs credentials: pods get them from a Secret.',
  );
}

/** Fetches and verifies the whole bundle: what cannot be fetched here cannot be served there. */
export async function resolveRelease(
  context: Context,
  { uri, digest }: Pick<ReleaseRequest, 'uri' | 'digest'>,
  publicKeyPem: string | undefined,
): Promise<Release> {
  // First, so that what is verified is what stays named, even when the tag moves meanwhile.
  const pinned = await pinnedUri(context, uri);
  return await withBundle(context, pinned, { digest, publicKeyPem }, (bundle) =>
    Promise.resolve({ manifest: bundle.manifest, digest: bundle.digest, uri: pinned }),
  );
}

async function previousManifest(
  context: Context,
  { allowUncompared }: Pick<ReleaseRequest, 'allowUncompared'>,
  environment: Environment,
  { manifest, digest }: Release,
  observer: Pick<ReleaseObserver, 'warn'>,
): Promise<Manifest | undefined> {
  const highest = versionsOf(environment.versions, manifest.name)[0];
  if (highest === undefined || highest.spec.artifact.digest === digest) return undefined;
  const { uri, digest: expected } = highest.spec.artifact;
  try {
    return (await readStoredManifest(context, uri, { digest: expected })).manifest;
  } catch (error) {
    if (!(error instanceof PawlError)) throw error;
    const problem = `${manifest.name} ${highest.spec.version} cannot be fetched to compare with: ${error.message} [${error.code}]`;
    if (!allowUncompared)
      throw new CliError(
        'RELEASE_REFUSED',
        `${problem}.`,
        `${error.hint} Or take the responsibility for the version number with --allow-uncompared.`,
        error,
      );
    observer.warn(`${problem}; whether ${manifest.version} is the right number was not checked.`);
    return undefined;
  }
}

type NewRelease = Extract<ReleasePlan, { kind: 'release' }>;

/** The new file and the ones that go, as the working tree has to take them. */
export function editsOf(environment: Environment, plan: NewRelease): readonly FileEdit[] {
  const at = (file: string) => join(environment.models, file);
  return [
    { path: at(plan.file), before: undefined, after: plan.text },
    ...plan.removed.map(({ file, text }) => ({ path: at(file), before: text, after: undefined })),
  ];
}
