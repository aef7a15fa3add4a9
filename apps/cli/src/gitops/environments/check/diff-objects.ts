import { isDeepStrictEqual } from 'node:util';
import { diffLines, unified } from './diff-lines.ts';
import { identityOf, showObject, objectTitle, type ParsedObject } from './kube-object.ts';

/** What a change of files does to one object. */
export interface ObjectChange {
  readonly action: 'added' | 'changed' | 'removed';
  /** `Kind/name`. */
  readonly title: string;
  /** As `git diff` shows it, with hidden Secrets and short binary data. */
  readonly lines: readonly string[];
}

/** Kinds whose changes people look for first. */
const FIRST_KINDS = ['ModelVersion', 'ConfigMap', 'Deployment'];

/** Pure: the objects that come, change and go; equal ones are left out, in whatever order they are. */
export function diffObjects(before: readonly ParsedObject[], after: readonly ParsedObject[]): readonly ObjectChange[] {
  const [old, now] = [byIdentity(before), byIdentity(after)];
  const changes: ObjectChange[] = [];
  for (const [identity, object] of now) {
    const other = old.get(identity);
    if (isDeepStrictEqual(object, other)) continue;
    const lines = unified(diffLines(other === undefined ? [] : showObject(other), showObject(object, other)));
    changes.push({ action: other === undefined ? 'added' : 'changed', title: objectTitle(object), lines });
  }
  for (const [identity, object] of old)
    if (!now.has(identity))
      changes.push({
        action: 'removed',
        title: objectTitle(object),
        lines: unified(diffLines(showObject(object), [])),
      });
  return changes.sort((a, b) => rank(a) - rank(b) || (a.title < b.title ? -1 : 1));
}

const byIdentity = (objects: readonly ParsedObject[]): ReadonlyMap<string, ParsedObject> =>
  new Map(objects.map((object) => [identityOf(object), object]));

function rank({ title }: ObjectChange): number {
  const at = FIRST_KINDS.indexOf(title.slice(0, title.indexOf('/')));
  return at === -1 ? FIRST_KINDS.length : at;
}
