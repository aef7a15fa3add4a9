import type { FailureReason, Phase } from '@pawl/shared/modelversion/model-version';
import { annotations } from '@pawl/shared/modelversion/names';
import { hasFailed, isUnderWay, referenceTo, seen } from '../model-version/order.ts';
import { originOf } from '../model-version/origin.ts';
import { age, count, shortDigest } from '../../terminal/text.ts';
import { failureOf, others, servingBeside, tellingCondition, wantedInstead, type Evidence } from './evidence.ts';
import {
  kubectl,
  newVersion,
  NOTHING,
  pawl,
  retract,
  retry,
  sentence,
  type NextStep,
  type Words,
} from './explanation.ts';
import { afterwards, exposureOf, failureWords } from './failures.ts';
import { reasonOfPass } from './passes.ts';
import { failureTodo, waitTodo, type WaitReason } from './todo.ts';
import { degradedStep, degradedWords, troubleOf } from './troubles.ts';
import { waitWords } from './waits.ts';

/** The first that speaks decides. */
export function situation(evidence: Evidence): Words {
  return (
    deleting(evidence) ??
    unseen(evidence) ??
    failed(evidence) ??
    suspended(evidence) ??
    serving(evidence) ??
    superseded(evidence) ??
    waiting(evidence) ??
    unknown(evidence)
  );
}

function deleting(evidence: Evidence): Words | undefined {
  const { deletionTimestamp } = evidence.version.metadata;
  if (deletionTimestamp === undefined) return undefined;
  return {
    headline: 'is being deleted',
    todo: 'look at what serves instead',
    tone: 'warn',
    sentences: [
      `It was deleted ${age(deletionTimestamp, evidence.now)} ago and is not a candidate any more; the highest remaining version of ${evidence.version.spec.model} is the one to serve.`,
      stableNow(evidence),
    ],
    next: [
      { text: 'look at what serves instead', command: `pawl get ${evidence.version.spec.model}${evidence.flags}` },
    ],
  };
}

/** Time within which a running controller has seen a new object. */
export const SEEN_WITHIN_MS = 15_000;

function unseen(evidence: Evidence): Words | undefined {
  if (seen(evidence.version) !== 'never') return undefined;
  const { creationTimestamp } = evidence.version.metadata;
  const isNew = evidence.now.getTime() - Date.parse(creationTimestamp) < SEEN_WITHIN_MS;
  return {
    headline: 'is not serving: no controller has seen it',
    todo: isNew ? 'ask again in a moment' : 'check that the controller runs',
    tone: isNew ? 'plain' : 'warn',
    sentences: [
      `It was created ${age(creationTimestamp, evidence.now)} ago and has no status: no controller has looked at it${isNew ? ' yet, which takes a second or two' : ', so the controller of this namespace is not running, or does not watch it'}.`,
      stableNow(evidence),
    ],
    next: isNew ? [{ text: 'ask again in a moment', command: pawl(evidence, 'explain') }] : [],
  };
}

function failed(evidence: Evidence): Words | undefined {
  const failure = failureOf(evidence.version);
  if (failure === undefined) return undefined;
  const words = (failureWords as Record<string, (typeof failureWords)[FailureReason] | undefined>)[failure.reason];
  const headline = `is not serving: Failed${failure.reason === '' ? '' : `, ${failure.reason}`}`;
  const final = 'A Failed verdict is final for this object: applying it again changes nothing.';
  if (words === undefined) {
    const next = [newVersion(evidence), retry(evidence, 'if the environment was the cause'), afterwards(evidence)];
    const todo = 'mend what its message names, and offer a new version';
    return { headline, todo, tone: 'bad', sentences: [sentence(failure.message), stableNow(evidence), final], next };
  }
  return {
    headline,
    todo: failureTodo[failure.reason as FailureReason],
    tone: 'bad',
    sentences: [
      `${words.means(evidence)}.`,
      sentence(failure.message),
      exposureOf(failure.reason as FailureReason, evidence),
      stableNow(evidence),
      final,
    ],
    next: [...words.next(evidence), afterwards(evidence)],
  };
}

function suspended(evidence: Evidence): Words | undefined {
  const { version } = evidence;
  const { status } = version;
  if (status?.phase !== 'Suspended') return undefined;
  const { rollout } = status;
  const origin = originOf(version);
  const resume: NextStep =
    origin.kind === 'git'
      ? {
          text: `take spec.suspend out of its manifest in Git, which ${origin.words} applies; or, where self-heal is off`,
          command: pawl(evidence, 'rollout resume'),
        }
      : { text: 'let it go on', command: pawl(evidence, 'rollout resume') };
  return {
    headline: 'is not serving: suspended',
    todo: 'resume it when it may go on',
    tone: 'warn',
    sentences: [
      rollout === undefined
        ? 'It is suspended (spec.suspend) and had not begun, so it is skipped until it is resumed, and lower versions are served meanwhile.'
        : `It is suspended (spec.suspend), and its rollout holds at step ${rollout.step} of ${rollout.steps}: its canary keeps ${status.weight} % of the requests and is neither promoted nor withdrawn.`,
      stableNow(evidence),
    ],
    next: isUnderWay(version)
      ? [resume, { text: 'or stop the rollout for good', command: pawl(evidence, 'rollout abort') }]
      : [resume],
  };
}

function serving(evidence: Evidence): Words | undefined {
  const { version } = evidence;
  if (version.status?.phase !== 'Serving') return undefined;
  const { verdict, servedAt, weight } = version.status;
  const newer = others(evidence).find(isUnderWay);
  const fallen = others(evidence).filter(hasFailed);
  const stale = drift(evidence);
  const degraded = troubleOf(evidence, 'Degraded');
  const { todo, ...step } = whileServing(evidence, newer);
  return {
    headline: degraded === undefined ? 'is serving' : `is serving, and ${degradedWords(degraded)}`,
    todo,
    tone: stale === '' && degraded === undefined ? 'good' : 'warn',
    sentences: [
      `Its weights answer ${weight} % of the requests of ${version.spec.model}${servedAt === undefined ? '' : `; it has been the stable version for ${age(servedAt, evidence.now)}`}.`,
      verdict?.outcome === 'Passed' ? `It passed${reasonOfPass(evidence)}.` : '',
      podsOfStable(evidence),
      degraded === undefined ? '' : sentence(degraded.message),
      stale,
      newer === undefined ? '' : `${referenceTo(newer)} is on its way to replace it (${newer.status?.phase ?? ''}).`,
      ...fallen.slice(0, 1).map((other) => `${referenceTo(other)} failed (${failureOf(other)?.reason ?? ''}).`),
    ],
    next: [step],
  };
}

/** What to do while a version serves: about what is wrong, before about what comes. */
function whileServing(
  evidence: Evidence,
  newer: Evidence['version'] | undefined,
): NextStep & { readonly todo: string } {
  const degraded = troubleOf(evidence, 'Degraded');
  if (degraded !== undefined) {
    const step = degradedStep(degraded, evidence);
    return { todo: step.text, ...step };
  }
  if (drift(evidence) !== '') {
    const text = 'see who changed the stable Deployment';
    const selector = `pawl.dev/model=${evidence.version.spec.model},pawl.dev/track=stable`;
    return {
      todo: text,
      text,
      command: kubectl(evidence, `get deployment -l ${selector} -o yaml --show-managed-fields`),
    };
  }
  if (newer === undefined) return { todo: NOTHING, text: NOTHING };
  return {
    todo: `watch the rollout of ${newer.spec.version}`,
    text: 'watch the rollout',
    command: `pawl rollout status ${newer.metadata.name} --watch${evidence.flags}`,
  };
}

function superseded(evidence: Evidence): Words | undefined {
  const { version } = evidence;
  if (version.status?.phase !== 'Superseded') return undefined;
  const by = wantedInstead(evidence);
  const { servedAt } = version.status;
  const byWhat =
    by === undefined
      ? sentence(version.status.message)
      : `${referenceTo(by)} is higher, and the highest version that has not failed is the one to serve${by.status?.phase === 'Serving' ? '' : `; it is not serving yet (${by.status?.phase ?? 'not seen by a controller'})`}.`;
  return {
    headline: `is not serving: superseded${by === undefined ? '' : ` by ${by.spec.version}`}`,
    todo: NOTHING,
    tone: 'plain',
    sentences: [
      byWhat,
      servedAt === undefined
        ? 'This one never served here.'
        : `This one first served ${age(servedAt, evidence.now)} ago.`,
      by?.status?.phase === 'Serving' ? '' : stableNow(evidence),
      'Nothing is wrong with it: it is what returns when the higher ones fail or are deleted.',
    ],
    next:
      by === undefined
        ? [{ text: NOTHING }]
        : [
            { text: NOTHING },
            { text: `to return to it, take ${by.spec.version} back`, command: rollback(evidence, by) },
          ],
  };
}

function waiting(evidence: Evidence): Words | undefined {
  const condition = tellingCondition(evidence.version);
  const reason = condition?.reason ?? reasonOf[evidence.version.status?.phase ?? 'Pending'];
  const words = (waitWords as Record<string, (typeof waitWords)[WaitReason] | undefined>)[reason ?? ''];
  if (words === undefined) return undefined;
  return {
    headline: `is not serving: ${words.headline}`,
    todo: waitTodo[reason as WaitReason],
    tone: words.blocked === true ? 'warn' : 'plain',
    sentences: [
      words.means(evidence).trim(),
      heldAt(evidence),
      evidence.version.status?.phase === 'Promoting' ? '' : stableNow(evidence),
    ],
    next: words.next(evidence),
  };
}

/** Something of the environment went missing in the middle of a rollout. */
function heldAt(evidence: Evidence): string {
  const { phase, rollout, weight = 0 } = evidence.version.status ?? {};
  if (phase !== 'Pending' || rollout === undefined) return '';
  return `Its rollout holds at step ${rollout.step} of ${rollout.steps} with ${weight} % of the requests.`;
}

/** A status that says no reason, from a controller that this program does not know. */
function unknown(evidence: Evidence): Words {
  const { status } = evidence.version;
  return {
    headline: `is not serving: ${status?.phase ?? 'no phase'}`,
    todo: 'look at its events',
    tone: 'warn',
    sentences: [sentence(status?.message), stableNow(evidence)],
    next: [
      {
        text: 'look at its events',
        command: kubectl(evidence, `describe modelversion ${evidence.version.metadata.name}`),
      },
    ],
  };
}

/** What a phase means where no condition says more. */
const reasonOf: Partial<Record<Phase, WaitReason>> = {
  Verifying: 'Verifying',
  Canary: 'StepRunning',
  Promoting: 'Promoting',
};

/** What answers the requests instead. */
function stableNow(evidence: Evidence): string {
  const { model } = evidence.version.spec;
  const beside = servingBeside(evidence);
  if (beside !== undefined) return `${referenceTo(beside)} serves ${model} meanwhile.`;
  if (!evidence.stable.ok || evidence.stable.value.length === 0) return '';
  const bears = evidence.stable.value[0]?.spec.template.metadata?.annotations?.[annotations.version];
  return bears === undefined ? `No version of ${model} serves yet.` : `The stable pods have ${bears}.`;
}

function podsOfStable(evidence: Evidence): string {
  const stable = evidence.stable.ok ? evidence.stable.value[0] : undefined;
  if (stable === undefined) return '';
  const { readyReplicas = 0, replicas = 0 } = stable.status ?? {};
  return `${readyReplicas} of ${count(replicas, 'stable pod')} ${replicas === 1 ? 'is' : 'are'} ready.`;
}

/** A serving version whose weights the stable Deployment does not name. */
function drift(evidence: Evidence): string {
  const stable = evidence.stable.ok ? evidence.stable.value[0] : undefined;
  const bears = stable?.spec.template.metadata?.annotations?.[annotations.digest];
  const { digest } = evidence.version.spec.artifact;
  if (stable === undefined || bears === undefined || bears === digest) return '';
  return `But the Deployment ${stable.metadata.name} names other weights (${shortDigest(bears)}, not ${shortDigest(digest)}): somebody changed it.`;
}

/** The command that makes a higher version go. */
function rollback(evidence: Evidence, by: Evidence['version']): string {
  return retract({ ...evidence, version: by }).command ?? pawl({ ...evidence, version: by }, 'rollout abort');
}
