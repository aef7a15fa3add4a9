import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { inRepository } from '@pawl/test-kit/repository';

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

  it('has every page of docs/ in its index', () => {
    const listed = new Set(linksOf('docs/README.md').map((target) => join('docs', target)));
    const written = pages.filter((page) => /^docs\/[^/]+\.md$/.test(page) && page !== 'docs/README.md');
    expect(written.length).toBeGreaterThan(20);
    expect(written.filter((page) => !listed.has(page))).toEqual([]);
  });
});
