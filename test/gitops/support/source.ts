import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { repositoryFile } from '../../e2e/support/settings.ts';
import { git } from './git.ts';

/**
 * A bare repository with the working tree of this checkout as its first commit: what is tracked and what is new, as it is
 * now, without what Git ignores.
 */
export async function makeRepository(bare: string, scratch: string): Promise<void> {
  const root = repositoryFile('');
  const listed = await git(root, 'ls-files', '-z', '--cached', '--others', '--exclude-standard');
  const tree = join(scratch, 'tree');
  mkdirSync(tree, { recursive: true });
  for (const path of new Set(listed.split('\0'))) {
    // A tracked file may be deleted here.
    if (path === '' || !existsSync(join(root, path))) continue;
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    cpSync(join(root, path), join(tree, path), { verbatimSymlinks: true });
  }
  await bareFrom(tree, bare, 'Take Pawl as it is');
}

/** A bare repository with these files as its first commit. @param tree folder for them; it must not be there yet. */
export async function makeRepositoryOf(
  files: Readonly<Record<string, string>>,
  bare: string,
  tree: string,
): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text);
  }
  await bareFrom(tree, bare, 'Begin');
}

async function bareFrom(tree: string, bare: string, message: string): Promise<void> {
  await git(tree, 'init', '--quiet', '--initial-branch=main');
  await git(tree, 'config', 'user.name', 'Pawl');
  await git(tree, 'config', 'user.email', 'pawl@example.com');
  await git(tree, 'add', '--all', '--force');
  await git(tree, 'commit', '--quiet', '--message', message);
  await git(dirname(bare), 'clone', '--quiet', '--bare', tree, bare);
}
