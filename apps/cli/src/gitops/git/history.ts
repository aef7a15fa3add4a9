/** A file that a commit changed: added, modified (type changes too) or deleted; renames count as both. */
export interface ChangedFile {
  readonly status: 'A' | 'M' | 'D';
  /** Relative to the root of the repository, with slashes. */
  readonly path: string;
}

/** A commit that changed something below the folder whose history was asked for. */
export interface Commit {
  /** Full hash. */
  readonly hash: string;
  /** Enough of it for people. */
  readonly short: string;
  readonly author: string;
  /** When it was committed, RFC 3339. */
  readonly at: string;
  readonly subject: string;
  /** Trailers of the message (git-interpret-trailers), in their order. */
  readonly trailers: readonly (readonly [key: string, value: string])[];
  /** Below the folder alone; for a merge none: what it brought is in the commits that it merged. */
  readonly files: readonly ChangedFile[];
}

/** Stand before a commit, between its fields and before its files: in no message that a person types. */
const [COMMIT, FIELD, FILES] = ['\u0001', '\u0002', '\u0003'] as const;

/** Arguments of `git log` whose output {@link parseLog} reads. */
export const LOG_ARGUMENTS: readonly string[] = [
  `--format=${COMMIT}${['%H', '%h', '%an', '%cI', '%s', '%(trailers:only,unfold)'].join(FIELD)}${FILES}`,
  '--name-status',
  '--no-renames',
  '--no-color',
];

/** Pure: what `git log` with {@link LOG_ARGUMENTS} wrote, newest commit first. */
export function parseLog(text: string): readonly Commit[] {
  return text
    .split(COMMIT)
    .slice(1)
    .map((block) => {
      const [head = '', files = ''] = block.split(FILES);
      const [hash = '', short = '', author = '', at = '', subject = '', trailers = ''] = head.split(FIELD);
      return {
        hash,
        short,
        author,
        at,
        subject,
        trailers: trailers.split('\n').flatMap((line) => {
          const match = /^([A-Za-z0-9-]+):\s*(.*)$/.exec(line);
          return match === null ? [] : [[match[1] ?? '', (match[2] ?? '').trim()] as const];
        }),
        files: files.split('\n').flatMap((line) => {
          const [status = '', path] = line.split('\t');
          return path === undefined ? [] : [{ status: status === 'A' || status === 'D' ? status : 'M', path } as const];
        }),
      };
    });
}

/** Pure: values of a trailer, compared without regard to case. */
export function trailersOf({ trailers }: Pick<Commit, 'trailers'>, key: string): readonly string[] {
  return trailers.filter(([name]) => name.toLowerCase() === key.toLowerCase()).map(([, value]) => value);
}
