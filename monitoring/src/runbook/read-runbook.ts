/** A block of commands in a runbook. */
export interface CommandBlock {
  /** Heading of the section that it stands in. */
  readonly section: string;
  /** Line of its fence, from 1. */
  readonly line: number;
  /** What bash reads. */
  readonly commands: string;
  /**
   * `run`: a test runs it on a cluster. `manual`: no test does, for a reason. `unmarked`: nobody decided.
   */
  readonly mark: 'run' | 'manual' | 'unmarked';
  /** Why no test runs it; empty where none is given. */
  readonly reason: string;
}

/** A section of a runbook. */
export interface Section {
  readonly heading: string;
  /** Headings one level below, in their order. */
  readonly parts: readonly string[];
  readonly blocks: readonly CommandBlock[];
}

/**
 * Reads the sections of a runbook in Markdown: headings of level 2 and 3 begin one, those of level 4 are its parts. Blocks of
 * commands are fenced with `sh`, and `sh run` or `sh manual (why no test runs it)` says who runs them.
 */
export function readRunbook(markdown: string): readonly Section[] {
  const sections: { heading: string; parts: string[]; blocks: CommandBlock[] }[] = [
    { heading: '', parts: [], blocks: [] },
  ];
  let fence: { readonly info: string; readonly line: number; readonly body: string[] } | undefined;
  for (const [index, line] of markdown.split('\n').entries()) {
    const section = sections[sections.length - 1];
    if (section === undefined) continue;
    const opening = /^```(.*)$/.exec(line);
    const [, level = '', heading = ''] = /^(#{2,4}) (.+)$/.exec(line) ?? [];
    if (fence !== undefined && line === '```') {
      const block = blockOf(fence.info, section.heading, fence.line, fence.body);
      if (block !== undefined) section.blocks.push(block);
      fence = undefined;
    } else if (fence !== undefined) fence.body.push(line);
    else if (opening !== null) fence = { info: opening[1] ?? '', line: index + 1, body: [] };
    else if (level.length === 4) section.parts.push(heading);
    else if (level !== '') sections.push({ heading, parts: [], blocks: [] });
  }
  if (fence !== undefined) throw new Error(`the fence of line ${fence.line} is not closed`);
  return sections;
}

function blockOf(info: string, section: string, line: number, body: readonly string[]): CommandBlock | undefined {
  const [language, mark, ...rest] = info.trim().split(' ');
  if (language !== 'sh') return undefined;
  return {
    section,
    line,
    commands: body.join('\n'),
    mark: mark === 'run' || mark === 'manual' ? mark : 'unmarked',
    reason: /^\((.+)\)$/.exec(rest.join(' '))?.[1] ?? '',
  };
}
