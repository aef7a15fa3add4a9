import { CANARY, labels, STABLE } from '@pawl/shared/modelversion/names';
import type { Pod } from '@pawl/shared/kubernetes/objects';
import { count, list } from '../../terminal/text.ts';
import type { Evidence } from './evidence.ts';
import { isNothing, kubectl, type NextStep, type Words } from './explanation.ts';
import { hasCrashedLately, isStarting, summarizePod } from './pods.ts';

/** A pod of the model that is not as it should be. */
interface Unwell {
  /** `stable pod web-1`. */
  readonly title: string;
  readonly name: string;
  readonly isStable: boolean;
  /** It is new, and nothing speaks against its start. */
  readonly isStarting: boolean;
  /** What is known of it. */
  readonly words: string;
}

/** Pods that are named in a sentence or a command; the number of the others is told. */
const NAMED = 3;

/** Pods of the model, of either track, that are not ready or ended badly not long ago. */
function unwellPods({ modelPods, now }: Evidence): readonly Unwell[] {
  return (modelPods.ok ? modelPods.value : []).filter((pod) => isUnwell(pod, now)).map((pod) => describe(pod, now));
}

/** Whether a pod is there to serve and does not, or did not a moment ago. */
export function isUnwell(pod: Pod, now: Date): boolean {
  if (pod.metadata.deletionTimestamp !== undefined || pod.status?.phase === 'Succeeded') return false;
  return !summarizePod(pod).ready || hasCrashedLately(pod, now);
}

function describe(pod: Pod, now: Date): Unwell {
  const { name, ready, state, detail } = summarizePod(pod);
  const isStable = pod.metadata.labels?.[labels.track] === STABLE;
  const what = ready ? 'crashed lately' : state === 'Running' ? 'not ready' : state;
  return {
    title: `${isStable ? STABLE : CANARY} pod ${name}`,
    name,
    isStable,
    isStarting: isStarting(pod, now),
    words: detail === undefined ? what : `${what}: ${detail}`,
  };
}

/** Pods that the stable Deployment should have and that nobody made: a quota or an admission rule, for one. */
function missingPods({ stable, modelPods }: Evidence): string {
  const [deployment] = stable.ok ? stable.value : [];
  if (deployment === undefined || !modelPods.ok) return '';
  const wanted = deployment.spec.replicas ?? 1;
  const { replicas = 0 } = deployment.status ?? {};
  return replicas < wanted ? `Only ${replicas} of ${count(wanted, 'stable pod')} could be made.` : '';
}

/**
 * What is said of a version, with the pods of its model that are not well. Never says that nothing is needed while there are any,
 * or while nobody can tell.
 */
export function withPods(words: Words, evidence: Evidence): Words {
  if (!evidence.modelPods.ok) {
    const unknown = `Whether the pods of ${evidence.version.spec.model} are well is not known: ${evidence.modelPods.why}.`;
    const ask: NextStep = { text: 'ask somebody who may see the pods whether they are well' };
    return amended(words, unknown, ask, words.tone);
  }
  const unwell = unwellPods(evidence);
  const missing = missingPods(evidence);
  if (unwell.length === 0 && missing === '') return words;
  const [first] = unwell;
  const harmless = missing === '' && unwell.every((pod) => pod.isStarting);
  const told = unwell.slice(0, NAMED).map(({ title, words: state }) => `${title} (${state})`);
  const more = unwell.length > NAMED ? [`${unwell.length - NAMED} more`] : [];
  const sentence =
    unwell.length === 0 ? '' : `${harmless ? 'Not ready yet' : 'Not well'}: ${list([...told, ...more])}.`;
  const subject = unwell.length === 1 && first !== undefined ? first.title : count(unwell.length, 'pod');
  const step: NextStep =
    first === undefined
      ? {
          text: 'see why the stable pods cannot be made',
          command: kubectl(evidence, 'get events --field-selector type=Warning'),
        }
      : {
          text: harmless ? `wait for ${subject}` : `see why ${subject} ${unwell.length === 1 ? 'is' : 'are'} not well`,
          command: kubectl(
            evidence,
            `describe pods ${unwell
              .slice(0, NAMED)
              .map(({ name }) => name)
              .join(' ')}`,
          ),
        };
  const tone = harmless || words.tone === 'bad' ? words.tone : 'warn';
  const isTheirs = unwell.some((pod) => pod.isStable && !pod.isStarting) || missing !== '';
  return amended(words, [sentence, missing].join(' ').trim(), step, tone, isTheirs);
}

/** @param always the step is told although the version itself needs something else. */
function amended(words: Words, sentence: string, step: NextStep, tone: Words['tone'], always = false): Words {
  const sentences = [...words.sentences, sentence];
  if (!isNothing(words.todo)) return { ...words, tone, sentences, next: always ? [...words.next, step] : words.next };
  const rest = words.next.flatMap((each): NextStep[] => {
    if (!isNothing(each.text)) return [each];
    return each.command === undefined ? [] : [{ ...each, text: 'watch it go on' }];
  });
  return { ...words, todo: step.text, tone, sentences, next: [step, ...rest] };
}
