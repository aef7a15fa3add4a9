import { watchDoubt, watchWarning } from '../controller/watch.ts';
import { seen, titleOf } from '../model-version/order.ts';
import type { Evidence } from './evidence.ts';
import { isNothing, kubectl, type Explanation, type NextStep, type Words } from './explanation.ts';
import { evidenceSections, lineageSection } from './sections.ts';
import { SEEN_WITHIN_MS, situation } from './situations.ts';
import { withRefusals } from './troubles.ts';
import { withPods } from './unwell.ts';

/** Why a version is serving or not, what that rests on, and what to do. Pure. */
export function explain(evidence: Evidence): Explanation {
  const { version, watch, namespace, now } = evidence;
  const warning = watchWarning(watch, namespace, now, kubectl(evidence, '').trimEnd());
  const words = withRefusals(withPods(situation(evidence), evidence), evidence);
  const { headline, todo, tone, sentences, next } = warning === undefined ? words : unbelieved(words);
  const lineage = lineageSection(evidence);
  return {
    ...(warning && { warning }),
    headline: { text: `${titleOf(version)} (${version.metadata.name}) ${headline}; ${todo}`, tone },
    summary: [...sentences, outdated(evidence), watchDoubt(watch, namespace)].filter((text) => text !== '').join(' '),
    evidence: evidenceSections(evidence),
    next: [...controllerCheck(evidence, warning !== undefined), ...next],
    ...(lineage && { lineage }),
  };
}

/** What a status says that nobody keeps up to date is no reason to do nothing, nor to wait. */
const unbelieved = (words: Words): Words => ({
  ...words,
  todo: 'first see that the controller looks again',
  tone: words.tone === 'bad' ? 'bad' : 'warn',
  next: words.next.filter((step) => !isNothing(step.text)),
});

function outdated(evidence: Evidence): string {
  const { version } = evidence;
  if (seen(version) !== 'older') return '';
  return `This is what a controller saw before the last change: it has seen generation ${version.status?.observedGeneration ?? 0}, and the object is at ${version.metadata.generation}.`;
}

function controllerCheck(evidence: Evidence, isStopped: boolean): readonly NextStep[] {
  const state = seen(evidence.version);
  const isNew = evidence.now.getTime() - Date.parse(evidence.version.metadata.creationTimestamp) < SEEN_WITHIN_MS;
  if (!isStopped && (state === 'current' || (state === 'never' && isNew))) return [];
  return [
    {
      text: 'check that the controller runs',
      command: kubectl(evidence, 'get pods -l app.kubernetes.io/component=controller'),
    },
    {
      text: 'and read what it says',
      command: kubectl(evidence, 'logs -l app.kubernetes.io/component=controller --tail 50'),
    },
  ];
}
