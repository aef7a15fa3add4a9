import { join } from 'node:path';
import type { ClusterContext } from '../../cluster/cluster-context.ts';
import { commitChange, type Committed, type ChangeDecision } from '../environments/commit-change.ts';
import { inCheckout, type ChangeKind, type Checkout } from '../environments/checkout.ts';
import { CliError } from '../../errors/cli-error.ts';
import { readSettings } from '../environments/environment-settings.ts';
import { readEnvironment, readEnvironmentKey, versionsOf, type ReleasedVersion } from '../environments/environment.ts';
import type { Release } from '../release/plan-release.ts';
import { editsOf, proposeRelease, resolveRelease, type Proposal } from '../release/release.ts';
import { fileHistory } from './history.ts';
import { judgeVerdict, refusalOf, type GateResult } from './judge-verdict.ts';
import { chooseCandidate, judgeTarget } from './judge-target.ts';
import { promotionMessage } from './promotion-message.ts';
import { readVerdict, type VerdictSource } from './read-verdict.ts';

/** What was asked to be promoted. */
export interface PromotionRequest {
  readonly model: string;
  /** Names of the environments. */
  readonly from: string;
  readonly to: string;
  /** Undefined: the highest that `from` has. */
  readonly version?: string | undefined;
  /** Folder of the environments. */
  readonly environments: string;
  readonly verdict: VerdictSource;
  /** Oldest verdict that counts, ms. */
  readonly maxAgeMs: number;
  /** How long it must have served, ms; undefined: what the next environment asks for. */
  readonly servingForMs?: number | undefined;
  readonly withoutAnalysis: boolean;
  /** Also what was rolled back there before. */
  readonly again: boolean;
  /** Versions of the model that stay in the next environment. */
  readonly keep: number;
  /** Commit there and not on the branch that is checked out; `''`: under our own name. */
  readonly branch?: string | undefined;
  readonly push: boolean;
  readonly dryRun: boolean;
  /** Subject of the commit, in place of ours. */
  readonly message?: string | undefined;
}

/** What is going to be promoted, and by what it was proved. */
export interface Promotion {
  readonly candidate: ReleasedVersion;
  readonly from: string;
  readonly to: string;
  /** Empty for what is there already. */
  readonly findings: readonly GateResult[];
  /** Undefined: it is there already. */
  readonly proposal: (Proposal & { readonly plan: { readonly kind: 'release' } }) | undefined;
}

/** What came of it. */
export interface Promoted extends Committed<Promotion> {
  readonly branch: string;
  /** The branch that `branch` would be merged into; undefined: it is the branch that is checked out. */
  readonly base: string | undefined;
  /** Address of the remote that pull requests are opened at, where it is known. */
  readonly remote: string | undefined;
}

/** Told what happens on the way. */
export interface PromotionObserver {
  /** What the gates found, before any of it is refused; again when others pushed first. */
  judged(candidate: ReleasedVersion, findings: readonly GateResult[]): void;
  /** Before anything is written. */
  proposed(promotion: Promotion): void;
  warn(message: string): void;
}

const PROMOTION: ChangeKind = { noun: 'promotion', refused: 'PROMOTION_REFUSED' };

/**
 * Brings a version that one environment proved into the next one: a release of the same bytes, with that environment's verdict
 * as its precondition, as a commit. Git and verdict are read again before every try to push.
 *
 * @throws CliError with the code of the gate that refuses; of Git and the cluster; PawlError of the bundle and its store.
 */
export async function promote(
  context: ClusterContext,
  request: PromotionRequest,
  observer: PromotionObserver,
): Promise<Promoted> {
  const { environments, model, from, to, push, dryRun } = request;
  if (from === to)
    throw new CliError(
      'USAGE',
      `${from} cannot be promoted to itself.`,
      'Name two environments: --from staging --to prod',
    );
  const here = await readEnvironment(context, environments, from);
  await readEnvironment(context, environments, to);
  const { version } = chooseCandidate(here, model, request.version).spec;
  const branch = request.branch === '' ? `promote/${model}-${version}-to-${to}` : request.branch;
  const destination = { environments, clean: [from, to], push, branch, dryRun };
  return await inCheckout(context, PROMOTION, destination, async (checkout) => {
    const decide = decider(context, { ...request, version }, checkout, observer);
    const done = dryRun ? { proposal: (await decide()).proposal } : await commitChange(checkout, PROMOTION, decide);
    const { upstream, repository, base } = checkout;
    const remote = upstream === undefined ? undefined : await repository.addressOf(upstream.remote);
    return { ...done, branch: checkout.branch, base, remote };
  });
}

function decider(
  context: ClusterContext,
  request: PromotionRequest,
  checkout: Checkout,
  observer: PromotionObserver,
): () => Promise<ChangeDecision<Promotion>> {
  const { model, from, to } = request;
  let resolved: { readonly key: string; readonly release: Release } | undefined;
  /** Fetches and verifies once for the same bytes and keys. */
  const resolveOnce = async ({ spec }: ReleasedVersion, publicKeyPem: string | undefined): Promise<Release> => {
    const key = JSON.stringify([spec.artifact, publicKeyPem]);
    if (resolved?.key === key) return resolved.release;
    const release = await resolveRelease(context, spec.artifact, publicKeyPem);
    const { name, version } = release.manifest;
    if (name !== spec.model || version !== spec.version)
      throw new CliError(
        'PROMOTION_REFUSED',
        `the bundle of ${spec.model} ${spec.version} says that it is ${name} ${version}.`,
        'Release it under its own name and version, and promote that.',
      );
    resolved = { key, release };
    return release;
  };

  return async () => {
    const source = await readEnvironment(context, checkout.environments, from);
    const target = await readEnvironment(context, checkout.environments, to);
    const [sourceSettings, settings] = await Promise.all([readSettings(source.folder), readSettings(target.folder)]);
    const candidate = chooseCandidate(source, model, request.version);
    const file = join(target.models, candidate.file);
    const has = target.versions.some(({ spec }) => spec.model === model && spec.version === candidate.spec.version);
    const { unpushed, rollback } = await fileHistory(
      checkout,
      file,
      { ...candidate.spec, environment: to },
      has || request.again,
    );
    const answer = judgeTarget({
      candidate,
      from,
      to,
      versions: target.versions,
      onlyFrom: settings.promotion.from,
      rolledBack: rollback,
      again: request.again,
      pending: unpushed.length > 0,
    });
    const already: Promotion = { candidate, from, to, findings: [], proposal: undefined };
    if (answer.kind === 'already' && unpushed.length === 0) {
      observer.proposed(already);
      return { kind: 'already', proposal: already };
    }

    const { verdict } = request;
    const asked = verdict.kind === 'cluster' ? verdict.options.namespace : verdict.namespace;
    const namespace = asked ?? sourceSettings.namespace;
    const demandedMs = settings.promotion.servingMinutes * 60_000;
    const findings = judgeVerdict({
      candidate,
      from,
      to,
      observed: await readVerdict(context, verdict, candidate.name, namespace),
      namespace,
      now: context.now(),
      maxAgeMs: request.maxAgeMs,
      servingForMs: request.servingForMs ?? demandedMs,
      overriddenMs: request.servingForMs === undefined ? undefined : demandedMs,
      targetHasModel: versionsOf(target.versions, model).some(({ spec }) => spec.version !== candidate.spec.version),
      withoutAnalysis: request.withoutAnalysis,
    });
    observer.judged(candidate, findings);
    const refusal = refusalOf(findings);
    if (refusal !== undefined && unpushed.length > 0)
      throw new CliError(
        refusal.code,
        `${refusal.message} The commit ${unpushed[0]?.short ?? ''} promotes it and is not pushed.`,
        `${refusal.hint} Until then leave it unpushed, or take it back: git revert ${unpushed[0]?.short ?? ''}`,
      );
    if (refusal !== undefined) throw refusal;
    if (answer.kind === 'already') {
      observer.proposed(already);
      return { kind: 'already', proposal: already };
    }

    const publicKeyPem = await readEnvironmentKey(target.folder, model);
    const release = await resolveOnce(candidate, publicKeyPem);
    // Its number was judged on its way into the environment before; there is nothing to lose here but the comparison.
    const terms = { keep: request.keep, allowUncompared: true };
    const proposal = await proposeRelease(context, terms, target, release, publicKeyPem !== undefined, observer);
    const { plan } = proposal;
    if (plan.kind !== 'release') throw new Error('a version that is there was judged to be open');
    const promotion: Promotion = { candidate, from, to, findings, proposal: { ...proposal, plan } };
    observer.proposed(promotion);
    return {
      kind: 'change',
      proposal: promotion,
      edits: editsOf(target, plan),
      message: promotionMessage(from, proposal, plan, findings, request.message),
    };
  };
}
