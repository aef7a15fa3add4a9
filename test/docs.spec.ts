import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { stderr, stdout } from 'node:process';
import { inRepository } from '@pawl/test-kit/repository';
import type { Session } from '../apps/cli/src/commands/session.ts';
import { createProgram } from '../apps/cli/src/program.ts';

const root = inRepository('');
const pages = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '*.md'], {
  cwd: root,
})
  .toString()
  .split('\0')
  .filter((page) => page !== '');

/** A page without its blocks of commands. */
const proseOf = (page: string): string => readFileSync(join(root, page), 'utf8').replace(/^```[^]*?^```/gm, '');

/** The links of a page that lead to a file of the repository, without what comes after `#`. */
function linksOf(page: string): readonly string[] {
  const prose = proseOf(page).replace(/`[^`\n]*`/g, '');
  return (
    [...prose.matchAll(/\]\((?!https?:|mailto:|#)([^)\s#]+)(?:#[^)]*)?\)/g)]
      .map(([, target]) => target ?? '')
      // Pages of the forge: badges and forms lie above the root.
      .filter((target) => !relative(root, join(root, dirname(page), target)).startsWith('..'))
  );
}

/** What a forge calls the headings of a page in addresses: lower case, hyphens for spaces, no punctuation. */
function anchorsOf(page: string): ReadonlySet<string> {
  const headings = [...proseOf(page).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => heading);
  const words = headings.map((heading) => heading.replace(/\]\([^)]*\)/g, '').toLowerCase());
  return new Set(words.map((heading) => heading.replace(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-')));
}

/** The links of a page to a heading, of its own or of another page. */
function headingLinksOf(page: string): readonly { readonly target: string; readonly anchor: string }[] {
  const links = proseOf(page).matchAll(/\]\((?!https?:|mailto:)([^)\s#]*)#([^)]+)\)/g);
  return [...links]
    .map(([, file = '', anchor = '']) => ({ target: file === '' ? page : join(dirname(page), file), anchor }))
    .filter(({ target }) => target.endsWith('.md'));
}

/** The lines of a page's blocks of shell commands, those that end with a backslash joined. */
function commandsOf(page: string): readonly string[] {
  const blocks = readFileSync(join(root, page), 'utf8').matchAll(/^```(?:sh\b.*|console)?\n([^]*?)^```/gm);
  return [...blocks].flatMap(([, block = '']) =>
    block
      .replaceAll('\\\n', ' ')
      .split('\n')
      .map((line) => line.replace(/^\$ /, '').replaceAll(', pawl ', ' → pawl ')),
  );
}

/** What is asked for its commands alone. */
const program = createProgram({ context: { stdout, stderr, env: {} }, exitCode: 0 } as unknown as Session);

/** The words of a line that `pawl` does not have: a command, or an option of the command. */
function unknownWords(line: string): readonly string[] {
  const words = (line.split(' #')[0] ?? '').trim().split(/\s+/);
  let command = program;
  for (let next; (next = command.commands.find((each) => each.name() === words[0])); words.shift()) command = next;
  const known = [...command.options, ...program.options].flatMap(({ short, long }) => [short, long]);
  const options = words.filter((word) => /^--?[a-z]/.test(word)).map((word) => word.split('=')[0] ?? '');
  return [
    ...(command === program ? words.slice(0, 1) : []),
    ...options.filter((option) => !['-h', '--help'].includes(option) && !known.includes(option)),
  ];
}

describe('the documentation', () => {
  it('links to what is there', () => {
    const links = pages.flatMap((page) => linksOf(page).map((target) => ({ page, target })));
    expect(links.length).toBeGreaterThan(150);
    expect(links.filter(({ page, target }) => !existsSync(join(root, dirname(page), target)))).toEqual([]);
  });

  it('links to headings that there are', () => {
    const links = pages.flatMap((page) => headingLinksOf(page).map((link) => ({ page, ...link })));
    expect(links.length).toBeGreaterThan(50);
    const reached = links.filter(({ target }) => existsSync(join(root, target)));
    expect(reached.filter(({ target, anchor }) => !anchorsOf(target).has(anchor))).toEqual([]);
  });

  it('calls commands that pawl has, with options that they have', () => {
    const calls = pages.flatMap((page) =>
      commandsOf(page).flatMap((line) =>
        [...line.matchAll(/(?:^|&& |[|;(→] ?)(?:[A-Z_]+=\S+ )*(?:npx )?pawl ([a-z][^|;&)→]*)/g)].map(
          ([, call = '']) => ({ page, call }),
        ),
      ),
    );
    expect(calls.length).toBeGreaterThan(30);
    expect(calls.filter(({ call }) => unknownWords(call).length > 0)).toEqual([]);
  });

  it('calls scripts of npm that there are', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const calls = pages.flatMap((page) =>
      [...readFileSync(join(root, page), 'utf8').matchAll(/\bnpm run (?:-s |--silent )?([a-z](?:[\w:-]*\w)?)/g)].map(
        ([, script = '']) => ({ page, script }),
      ),
    );
    expect(calls.length).toBeGreaterThan(30);
    expect(calls.filter(({ script }) => !(script in scripts))).toEqual([]);
  });

  it('has every page of docs/ in its index', () => {
    const listed = new Set(linksOf('docs/README.md').map((target) => join('docs', target)));
    const written = pages.filter((page) => /^docs\/[^/]+\.md$/.test(page) && page !== 'docs/README.md');
    expect(written.length).toBeGreaterThan(20);
    expect(written.filter((page) => !listed.has(page))).toEqual([]);
  });
});
