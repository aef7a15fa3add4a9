import { join } from 'node:path';
import type { Context } from '../../../terminal/context.ts';
import { MODELS_FOLDER } from '../environment.ts';
import { hadVersion, type Base } from './base-tree.ts';
import { checkOrder } from './check-order.ts';
import type { EnvironmentCheck } from './findings.ts';
import type { EnvironmentFolder } from './read-tree.ts';
import { highestOf, isSameVersion, type VersionFile } from './version-file.ts';

/** The highest version of a model before and after; undefined where there is none. */
export interface VersionMove {
  readonly model: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Pure: `catdog 1.0.0 -> 1.1.0`. */
export const describeMove = ({ model, before, after }: VersionMove): string =>
  before === after ? `${model} ${after ?? ''}` : `${model} ${before ?? 'none'} -> ${after ?? 'none'}`;

/** Pure: the highest version of every model, before and after. */
export function versionMoves(before: readonly VersionFile[], after: readonly VersionFile[]): readonly VersionMove[] {
  const models = [...new Set([...before, ...after].map(({ spec }) => spec.model))].sort();
  return models.map((model) => ({
    model,
    before: highestOf(before, model)?.spec.version,
    after: highestOf(after, model)?.spec.version,
  }));
}

/** The environments of a change, and as they were. */
export interface ComparedEnvironments {
  readonly chosen: readonly EnvironmentFolder[];
  readonly all: readonly EnvironmentFolder[];
  readonly before: readonly EnvironmentFolder[];
  /** What they are compared with, for people. */
  readonly since: string;
}

/** Checks the order of environments for each chosen one, by Git's history where a version may come back. */
export async function checkArrivals(
  context: Context,
  base: Base,
  { chosen, all, before, since }: ComparedEnvironments,
): Promise<readonly EnvironmentCheck[]> {
  const versionsOf = (of: readonly EnvironmentFolder[], name: string): readonly VersionFile[] =>
    of.find((environment) => environment.name === name)?.versions ?? [];
  return await Promise.all(
    chosen.map(async ({ name, folder, versions, declaration }): Promise<EnvironmentCheck> => {
      const from = declaration?.promotion?.from;
      const old = versionsOf(before, name);
      const had = new Set<VersionFile>();
      if (from !== undefined)
        for (const version of versions.filter(({ spec }) => !old.some((other) => isSameVersion(other.spec, spec))))
          if (await hadVersion(base, join(folder, MODELS_FOLDER, version.name), version)) had.add(version);
      const findings = checkOrder({
        environment: name,
        after: versions,
        before: old,
        from:
          from === undefined
            ? undefined
            : { name: from, after: versionsOf(all, from), before: versionsOf(before, from) },
        hadBefore: (version) => had.has(version),
        shallow: base.shallow,
      });
      const moves = versionMoves(old, versions).filter((move) => move.before !== move.after);
      const found = moves.length === 0 ? 'nothing new' : moves.map(describeMove).join(', ');
      return { environment: name, name: `versions since ${since}`, found, findings };
    }),
  );
}
