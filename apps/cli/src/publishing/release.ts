import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseBundleUri } from '@pawl/shared/bundle/bundle-uri';
import type { Manifest } from '@pawl/shared/bundle/manifest';
import { codeOf } from '@pawl/shared/bundle/system-error';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import type { Context } from '../context.ts';
import { CliError } from '../errors/cli-error.ts';
import { type PushOutcome, Repository, type Upstream } from '../git/repository.ts';
import { list } from '../terminal/text.ts';
import { readEnvironment, versionsOf, type Environment } from './environment.ts';
import { commitMessage } from './release-message.ts';
import { planRelease, type Release, type ReleasePlan } from './plan-release.ts';
import { pinnedUri, readStoredManifest, withBundle } from './read-bundle.ts';

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
export interface Released extends Proposal {
  readonly commit?: { readonly hash: string; readonly branch: string; readonly subject: string } | undefined;
  /** Where it was pushed to. */
  readonly pushed?: Upstream | undefined;
}

/** Told what happens on the way. */
export interface ReleaseObserver {
  /** Before anything is written; again when others pushed first and the release was made anew on theirs. */
  proposed(proposal: Proposal): void;
  warn(message: string): void;
}

/** Pushes that others may win before we give up. */
const PUSHES = 4;

/**
 * Puts a published bundle into an environment's folder as a ModelVersion, commits that and nothing else, and pushes it when
 * asked to. When others pushed first, the commit is taken back and everything is decided anew on what they have.
 *
 * @throws CliError VERSION_TOO_SMALL, RELEASE_REFUSED, GIT_FAILED, FILE_NOT_FOUND; PawlError of the bundle and its store.
 */
export async function release(context: Context, request: ReleaseRequest, observer: ReleaseObserver): Promise<Released> {
  refuseSecrets(request.uri);
  const commits = request.commit && !request.dryRun;
  let environment = await readEnvironment(context, request.environments, request.environment);
  const git = commits ? await prepareGit(context, environment, request.push) : undefined;
  const upstream = git?.upstream;
  const publicKeyPem = request.publicKeyPem ?? environment.publicKeyPem;
  const wanted = await resolveRelease(context, request, publicKeyPem);

  for (let pushes = 1; ; pushes += 1) {
    const previous = await previousManifest(context, request, environment, wanted, observer);
    const { keep } = request;
    const plan = planRelease({
      environment: environment.name,
      versions: environment.versions,
      release: wanted,
      previous,
      keep,
    });
    const proposal = { environment, release: wanted, verified: publicKeyPem !== undefined, previous, plan };
    observer.proposed(proposal);
    if (request.dryRun) return proposal;
    if (plan.kind === 'already') {
      if (git === undefined || upstream === undefined) return proposal;
      // A release whose push failed earlier is pushed now.
      const outcome = await git.repository.push(upstream);
      if (outcome !== 'rejected') return outcome === 'pushed' ? { ...proposal, pushed: upstream } : proposal;
    } else {
      const paths = await write(environment, plan);
      if (git === undefined) return proposal;
      const { repository, branch } = git;
      const message = commitMessage(proposal, plan, request.message);
      const hash = await repository.commit(paths, message).catch(async (error: unknown) => {
        await undo(environment, plan);
        throw error;
      });
      const commit = { hash, branch, subject: message.split('\n')[0] ?? '' };
      if (upstream === undefined) return { ...proposal, commit };
      if ((await pushOrKeep(repository, upstream, hash)) !== 'rejected')
        return { ...proposal, commit, pushed: upstream };
      await repository.uncommit(paths);
      await undo(environment, plan);
    }
    if (pushes >= PUSHES)
      throw new CliError(
        'GIT_FAILED',
        `the remote had newer commits ${pushes} times in a row; nothing was released.`,
        'Run the command again in a moment.',
      );
    await git.repository.rebase(upstream);
    environment = await readEnvironment(context, request.environments, request.environment);
  }
}

interface Git {
  readonly repository: Repository;
  readonly branch: string;
  /** Undefined: nothing is pushed. */
  readonly upstream: Upstream | undefined;
}

/** Everything that Git may object to later, asked before anything is fetched or written. */
async function prepareGit(context: Context, environment: Environment, push: boolean): Promise<Git> {
  const repository = await Repository.open(environment.folder, context);
  const branch = await repository.branch();
  if (branch === undefined)
    throw new CliError(
      'GIT_FAILED',
      'HEAD is detached: a commit on no branch is found by nobody.',
      'Check out the branch that the environment follows (git switch main), or write the file alone with --no-commit.',
    );
  const changes = await repository.changes(environment.folder);
  if (changes.length > 0)
    throw new CliError(
      'RELEASE_REFUSED',
      `${repository.within(environment.folder)} has uncommitted changes: ${list(changes.slice(0, 5))}${changes.length > 5 ? ` and ${changes.length - 5} more` : ''}.`,
      'Commit or stash them first; a release is a commit of its own.',
    );
  return { repository, branch, upstream: push ? await repository.upstream(branch) : undefined };
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
async function resolveRelease(
  context: Context,
  { uri, digest }: ReleaseRequest,
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
  { allowUncompared }: ReleaseRequest,
  environment: Environment,
  { manifest, digest }: Release,
  observer: ReleaseObserver,
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
        'Make it reachable again; or take the responsibility for the version number with --allow-uncompared.',
        error,
      );
    observer.warn(`${problem}; whether ${manifest.version} is the right number was not checked.`);
    return undefined;
  }
}

type NewRelease = Extract<ReleasePlan, { kind: 'release' }>;

/** Writes the new file, removes the old ones; all or nothing. @returns absolute paths of what changed. */
async function write(environment: Environment, plan: NewRelease): Promise<readonly string[]> {
  const at = (file: string) => join(environment.models, file);
  try {
    await mkdir(environment.models, { recursive: true });
    await writeFile(at(plan.file), plan.text, { flag: 'wx' });
    for (const { file } of plan.removed) await rm(at(file));
  } catch (cause) {
    const code = codeOf(cause);
    if (code !== 'EEXIST') await undo(environment, plan);
    throw new CliError(
      code === 'ENOSPC' ? 'DISK_FULL' : 'FILE_WRITE_FAILED',
      `${at(plan.file)} cannot be written (${code ?? 'unknown'}).`,
      'Check the folder, its owner and its space.',
      cause,
    );
  }
  return [plan.file, ...plan.removed.map(({ file }) => file)].map(at);
}

/** The folder as it was before {@link write}. */
async function undo(environment: Environment, plan: NewRelease): Promise<void> {
  await rm(join(environment.models, plan.file), { force: true });
  for (const { file, text } of plan.removed) await writeFile(join(environment.models, file), text);
}

async function pushOrKeep(repository: Repository, upstream: Upstream, hash: string): Promise<PushOutcome> {
  try {
    return await repository.push(upstream);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    throw new CliError(
      error.code,
      `${error.message} The commit ${hash} is made and not pushed.`,
      `${error.hint} Then: git push, or the same command again.`,
      error.cause,
    );
  }
}
