/** How much a change may break: https://semver.org. */
export type Part = 'major' | 'minor' | 'patch';

/** A file of .changeset: what changed, in the words of who changed it. */
export interface Changeset {
  /** The largest part that it names for any package: all packages have one version. */
  readonly part: Part;
  /** Markdown; the first line is a sentence. */
  readonly summary: string;
}

const TITLES: Readonly<Record<Part, string>> = {
  major: 'What breaks',
  minor: 'What is new',
  patch: 'What is repaired',
};
const PARTS: readonly Part[] = ['major', 'minor', 'patch'];

/**
 * Reads a changeset: YAML between lines of `---` that names packages and parts, then Markdown. Undefined when it names none, as
 * an empty one for a change that nobody notices.
 * @throws Error when it is no changeset, or says nothing.
 */
export function parseChangeset(name: string, text: string): Changeset | undefined {
  const [, head, body = ''] = /^---\n([^]*?)\n?---\n([^]*)$/.exec(text) ?? [];
  if (head === undefined)
    throw new Error(
      `${name} is no changeset: expected packages between lines of ---. Make one with: npm run changeset`,
    );
  const named = [...head.matchAll(/^["']?[@\w/-]+["']?:\s*(\w+)\s*$/gm)].map(([, part]) => part);
  const parts = PARTS.filter((part) => named.includes(part));
  const [part] = parts;
  if (part === undefined) {
    if (head.trim() !== '') throw new Error(`${name}: expected major, minor or patch of a package, found: ${head}`);
    return undefined;
  }
  const summary = body.trim();
  if (summary === '') throw new Error(`${name} says nothing: write a sentence for the changelog below the second ---.`);
  return { part, summary };
}

/** The section of a version: its changes, the largest first. @param date such as 2026-11-30. */
export function sectionOf(version: string, date: string, changesets: readonly Changeset[]): string {
  const lines = [`## ${version} (${date})`];
  for (const part of PARTS) {
    const summaries = changesets.filter((changeset) => changeset.part === part).map(({ summary }) => summary);
    if (summaries.length > 0)
      lines.push('', `### ${TITLES[part]}`, '', ...summaries.map((summary) => `- ${summary.replaceAll('\n', '\n  ')}`));
  }
  return `${lines.join('\n')}\n`;
}

/** The changelog with a section before all others. @throws Error when it has one of that version. */
export function withSection(changelog: string, section: string): string {
  const [, version = ''] = /^## (\S+)/.exec(section) ?? [];
  if (notesOf(changelog, version) !== undefined) throw new Error(`CHANGELOG.md has a section ${version} already.`);
  const at = changelog.search(/^## /m);
  const [before, after] =
    at === -1 ? [`${changelog.trimEnd()}\n\n`, ''] : [changelog.slice(0, at), changelog.slice(at)];
  return `${before}${section}${after === '' ? '' : `\n${after}`}`;
}

/** What the changelog says of a version, without its heading; undefined when it has no section of it. */
export function notesOf(changelog: string, version: string): string | undefined {
  const sections = changelog.split(/^(?=## )/m);
  return sections
    .find((section) => section.startsWith(`## ${version} `))
    ?.split('\n')
    .slice(1)
    .join('\n')
    .trim();
}
