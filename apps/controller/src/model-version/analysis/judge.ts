import type { AnalysisCheck, CheckVerdict } from '@pawl/shared/modelversion/model-version';
import type { RolloutPolicy } from '@pawl/shared/modelversion/rollout-policy';
import { type Progress, type Rest, withoutBursts } from './comparison.ts';
import { combined, type Evidence, evidenceOf } from './evidence.ts';
import { type Figure, figureOf } from './figures.ts';

type Limits = RolloutPolicy['analysis'];

/** What the checks say together. */
export interface Judgement {
  readonly verdict: CheckVerdict;
  readonly checks: readonly AnalysisCheck[];
}

const names = ['ErrorRate', 'Latency', 'Predictions'] as const;
type Name = (typeof names)[number];

/**
 * Compares what canary and stable pods counted in the same time under the same requests, at any time and as often as one
 * likes. A check
 * - fails when the evidence is beyond the budget of the rollout: a version at its limits fails in at most `falseAlarm` of all
 *   rollouts, whatever the number of looks, steps and checks. For latency and predictions, the evidence has to stand without
 *   any `burstSeconds` of it.
 * - passes when its figure is within the limit over at least `minRequests`; once a burst is over, without it, whether or not the
 *   burst alone would be evidence.
 * - is inconclusive in between: few requests never pass.
 */
export function judge(progress: Progress, limits: Limits): Judgement {
  const { number, labels, edge } = progress.comparison;
  const all = progress.counted;
  const evidence = evidenceOf(all, edge, limits);
  const isBeyond = (some: Evidence) => combined(some, number) >= 1 / limits.falseAlarm;
  const isSuspected = isBeyond(evidence);
  const now = progress.marks.at(-1)?.at ?? 0;
  const figures = names.map((name) => figureOf(name, all, labels, limits));
  const mayBeBurst = isSuspected || figures.some(mayBeChance);
  const rests = mayBeBurst && limits.burstSeconds > 0 ? withoutBursts(progress, limits.burstSeconds * 1000) : [];
  const lasting = isSuspected
    ? lastingOf(evidence, rests, isBeyond, (rest) => evidenceOf(rest, edge, limits))
    : undefined;
  const quiet = (name: Name) => quietOf(name, rests, labels, limits, now);
  const checks = figures.map((figure) => {
    const { name } = figure;
    if (lasting !== undefined && name === strongest(lasting)) return failing(figure, limits);
    if (isSuspected && name === strongest(evidence)) return quiet(name) ?? burst(figure, limits);
    if (mayBeChance(figure)) return quiet(name) ?? usual(figure);
    return usual(figure);
  });
  const has = (verdict: CheckVerdict) => checks.some((check) => check.verdict === verdict);
  return { verdict: has('Fail') ? 'Fail' : has('Inconclusive') ? 'Inconclusive' : 'Pass', checks };
}

/**
 * The evidence that stands whatever burst is left out; undefined when one makes the difference. What clients send can make a
 * track slow or one-sided for a while, but not answer with 5xx.
 */
function lastingOf(
  evidence: Evidence,
  rests: readonly Rest[],
  isBeyond: (some: Evidence) => boolean,
  evidenceIn: (rest: Rest) => Evidence,
): Evidence | undefined {
  let lasting = evidence;
  for (const rest of rests) {
    const without = evidenceIn(rest);
    const least = (name: 'Latency' | 'Predictions') => Math.min(lasting[name], without[name]);
    lasting = { ...lasting, Latency: least('Latency'), Predictions: least('Predictions') };
    if (!isBeyond(lasting)) return undefined;
  }
  return lasting;
}

const strongest = (evidence: Evidence): Name => names.reduce((a, b) => (evidence[b] > evidence[a] ? b : a));

const check = (figure: Figure, verdict: CheckVerdict, message: string): AnalysisCheck => ({
  name: figure.name,
  verdict,
  ...figure.figures,
  message,
});

const failing = (figure: Figure, { falseAlarm }: Limits) =>
  check(
    figure,
    'Fail',
    `${figure.message}; a version at its limits fails wrongly in at most 1 of ${Math.floor(1 / falseAlarm).toLocaleString('en')} rollouts`,
  );

const usual = (figure: Figure) => {
  if (figure.missing !== undefined) return check(figure, 'Inconclusive', figure.missing);
  if (figure.isWithin) return check(figure, 'Pass', figure.message);
  return check(figure, 'Inconclusive', `${figure.message}, which may be chance`);
};

/** Counted enough, and not within its limit. What clients send makes no errors, so chance in those is no burst's. */
const mayBeChance = ({ name, missing, isWithin }: Figure) => name !== 'ErrorRate' && missing === undefined && !isWithin;

/** What came within a short time has to last, or to be over for as long: then the check passes by what is left without it. */
function quietOf(
  name: Name,
  rests: readonly Rest[],
  labels: readonly string[],
  limits: Limits,
  now: number,
): AnalysisCheck | undefined {
  for (const rest of rests) {
    if (now - rest.to < limits.burstSeconds * 1000) continue;
    const figure = figureOf(name, rest, labels, limits);
    if (figure.missing === undefined && figure.isWithin)
      return check(
        figure,
        'Pass',
        `${figure.message}, without a burst between ${clock(rest.from)} and ${clock(rest.to)}`,
      );
  }
  return undefined;
}

/** Too much to be chance. */
const burst = (figure: Figure, { burstSeconds }: Limits) =>
  check(
    figure,
    'Inconclusive',
    `${figure.message}; that came within ${burstSeconds} s, and only what lasts longer fails a version`,
  );

const clock = (ms: number) => new Date(ms).toISOString().slice(11, 19);
