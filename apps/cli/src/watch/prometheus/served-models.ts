import { labelOf, targetOf, type Target } from './increments.ts';
import type { Period } from './period.ts';
import type { Series } from './prometheus-client.ts';

/** Which model a process served. */
export interface ModelIdentity {
  readonly version: string;
  /** `sha256:<hex>`; empty where nobody says. */
  readonly digest: string;
}

/** The model of a process in a step of a period; undefined where nothing says which it was. */
export type ServedModels = (target: Target, step: number) => ModelIdentity | undefined;

/**
 * Pure: which model each process served when, from the series of `model_info`. A process serves one model for its life, so
 * where two are seen in a step under one name, the newer one's process began in it, and what was counted is its own.
 */
export function servedModels(series: readonly Series[], period: Period): ServedModels {
  const byTarget = new Map<Target, (ModelIdentity | undefined)[]>();
  const starts = series.toSorted((a, b) => (a.points[0]?.[0] ?? 0) - (b.points[0]?.[0] ?? 0));
  for (const { labels, points } of starts) {
    const target = targetOf(labels);
    const models = byTarget.get(target) ?? [];
    byTarget.set(target, models);
    const model = { version: labelOf(labels, 'version'), digest: labelOf(labels, 'digest') };
    for (const [at] of points) {
      const step = Math.round((at - period.start) / period.stepSeconds) - 1;
      if (step >= -1) models[step + 1] = model;
    }
  }
  return (target, step) => {
    const models = byTarget.get(target) ?? [];
    // A process counts before it is scraped, and is known by what is said later.
    const before = models.slice(0, step + 2).findLast((model) => model !== undefined);
    return before ?? models.find((model) => model !== undefined);
  };
}

/** Pure: every model that was served in a period, each once. */
export function modelsIn(series: readonly Series[]): readonly ModelIdentity[] {
  const models = series.map(({ labels }) => ({
    version: labelOf(labels, 'version'),
    digest: labelOf(labels, 'digest'),
  }));
  return [...new Map(models.map((model) => [JSON.stringify(model), model])).values()];
}
