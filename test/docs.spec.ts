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

/** The links of a page that lead to a file of the repository, without what comes after `#`. */
function linksOf(page: string): readonly string[] {
  const prose = readFileSync(join(root, page), 'utf8')
    .replace(/^```[^]*?^```/gm, '')
    .replace(/`[^`\n]*`/g, '');
  return (
    [...prose.matchAll(/\]\((?!https?:|mailto:|#)([^)\s#]+)(?:#[^)]*)?\)/g)]
      .map(([, target]) => target ?? '')
      // Pages of the forge: badges and forms lie above the root.
      .filter((target) => !relative(root, join(root, dirname(page), target)).startsWith('..'))
  );
}

describe('the documentation', () => {
  it('links to what is there', () => {
    const links = pages.flatMap((page) => linksOf(page).map((target) => ({ page, target })));
    expect(links.length).toBeGreaterThan(150);
    expect(links.filter(({ page, target }) => !existsSync(join(root, dirname(page), target)))).toEqual([]);
  });

  it('has every page of docs/ in its index', () => {
    const listed = new Set(linksOf('docs/README.md').map((target) => join('docs', target)));
    const written = pages.filter((page) => /^docs\/[^/]+\.md$/.test(page) && page !== 'docs/README.md');
    expect(written.length).toBeGreaterThan(20);
    expect(written.filter((page) => !listed.has(page))).toEqual([]);
  });
});
