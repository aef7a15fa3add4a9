import type { Condition } from '@pawl/shared/modelversion/model-version';
import { labels, STABLE } from '@pawl/shared/modelversion/names';
import type { Evidence } from './evidence.ts';
import { isNothing, kubectl, sentence, type NextStep, type Words } from './explanation.ts';

/** Last words of a status that the API server takes no longer, and the first when it does again. */
const UNWRITTEN = 'StatusRefused';
const WRITTEN = 'StatusWritten';

/** A condition that exists only while something is wrong. */
export const troubleOf = ({ version }: Evidence, type: 'Degraded' | 'Refused'): Condition | undefined =>
  version.status?.conditions.find((condition) => condition.type === type);

/** What is not well with a version that serves, as a part of its headline. */
export const degradedWords = ({ reason }: Condition): string =>
  reason === 'RouteNotAccepted' ? 'its gateway does not take the HTTPRoute' : 'its stable pods are not well';

/** What to do about it. */
export function degradedStep({ reason }: Condition, evidence: Evidence): NextStep {
  const model = `${labels.model}=${evidence.version.spec.model}`;
  return reason === 'RouteNotAccepted'
    ? {
        text: 'see what the gateway says of the route, and fix that',
        command: kubectl(evidence, `get httproute -l ${model} -o yaml`),
      }
    : {
        text: 'see what its pods wait for, and fix that',
        command: kubectl(evidence, `describe pods -l ${model},${labels.track}=${STABLE}`),
      };
}

/** What the API server refuses, in its own words: of what the version needs, or its very status. */
function refusals(evidence: Evidence): readonly string[] {
  const events = evidence.events.ok ? evidence.events.value : [];
  const lastWord = events.findLast(({ reason }) => reason === UNWRITTEN || reason === WRITTEN);
  const unwritten = lastWord?.reason === UNWRITTEN ? `This status is old: ${lastWord.message ?? ''}` : undefined;
  return [troubleOf(evidence, 'Refused')?.message, unwritten].filter((said) => said !== undefined);
}

/** Words with what the API server refuses, which is never nothing to do. */
export function withRefusals(words: Words, evidence: Evidence): Words {
  const said = refusals(evidence);
  if (said.length === 0) return words;
  const look: NextStep = {
    text: 'let the API server take it: give the controller the right, change the quota or the admission rule that the message names, or bring the server back; it then goes on by itself',
    command: kubectl(evidence, `describe modelversion ${evidence.version.metadata.name}`),
  };
  return {
    headline: `${words.headline}; the API server refuses what it needs`,
    todo: 'let it take that',
    tone: words.tone === 'bad' ? 'bad' : 'warn',
    sentences: [...words.sentences, ...said.map(sentence).filter((text) => !words.sentences.join(' ').includes(text))],
    next: [look, ...words.next.filter(({ text }) => !isNothing(text))],
  };
}
