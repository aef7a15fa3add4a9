import { readFileSync } from 'node:fs';
import { inRepository } from '@pawl/test-kit/repository';

/** The command lines of the blocks of `docs/verify.md`, in order, without assignments of variables. */
export const commands: readonly string[] = linesOf('docs/verify.md').filter((line) => !/^[A-Z]+=/.test(line));

/** Its assignments, such as `ISSUER=…`; the last one of a name. */
export const assignments: ReadonlyMap<string, string> = new Map(
  linesOf('docs/verify.md').flatMap((line) => {
    const [, name, value] = /^([A-Z]+)=(\S+)/.exec(line) ?? [];
    return name === undefined || value === undefined ? [] : [[name, value.replace(/^'|'$/g, '')] as const];
  }),
);

/**
 * The one command of the page that begins with some words; further words tell it from others.
 * @throws Error when there is none or more than one: the page has changed, and what runs it must, too.
 */
export function command(...words: readonly [string, ...string[]]): string {
  const [start, ...more] = words;
  const found = commands.filter((line) => line.startsWith(start) && more.every((word) => line.includes(word)));
  if (found[0] === undefined || found.length > 1)
    throw new Error(`docs/verify.md has ${found.length} commands like ${words.join(' … ')}; expected one`);
  return found[0];
}

function linesOf(page: string): readonly string[] {
  const blocks = [...readFileSync(inRepository(page), 'utf8').matchAll(/^( *)```sh\n([^]*?)^\1```/gm)];
  return blocks.flatMap(([, indent = '', text = '']) =>
    text
      .split('\n')
      .map((line) => line.slice(indent.length))
      .filter((line) => line !== ''),
  );
}
