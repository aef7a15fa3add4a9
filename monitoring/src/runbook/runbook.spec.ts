import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stderr, stdout } from 'node:process';
import { inRepository } from '@pawl/test-kit/repository';
import { errorCodes } from '@pawl/shared/errors/error-codes';
import { conditionReasons, failureReasons } from '@pawl/shared/modelversion/model-version';
import type { Session } from '../../../apps/cli/src/commands/session.ts';
import { CliError, type CliErrorCode } from '../../../apps/cli/src/errors/cli-error.ts';
import { createProgram } from '../../../apps/cli/src/program.ts';
import { allGroups } from '../rule-files.ts';
import { exampleSettings } from '../settings.ts';
import { readRunbook } from './read-runbook.ts';
import { runbookVariables } from './run-block.ts';

const runbook = readFileSync(inRepository('RUNBOOK.md'), 'utf8');
const sections = readRunbook(runbook);
const blocks = sections.flatMap((section) => section.blocks);
/** What nothing is asked of but its commands. */
const program = createProgram({ context: { stdout, stderr, env: {} }, exitCode: 0 } as unknown as Session);
const at = ({ section, line }: { section: string; line: number }) => `${section}, line ${line}`;

describe('RUNBOOK.md', () => {
  it('has a section for every alert, and for no other', () => {
    const alerts = allGroups(exampleSettings).flatMap((group) => group.alerts.map(({ name }) => name));
    const headings = sections.map(({ heading }) => heading).filter((heading) => heading.startsWith('Pawl'));
    expect(headings).toEqual(alerts);
  });

  it('says of every alert what it means, whom it harms, how to look and what to do', () => {
    for (const { heading, parts } of sections.filter((section) => section.heading.startsWith('Pawl')))
      expect({ heading, parts }).toEqual({ heading, parts: ['Meaning', 'Impact', 'Diagnosis', 'Mitigation'] });
  });

  it('begins with what to do about wrong answers, in five commands', () => {
    const section = sections.find(({ heading }) => heading === 'The model is wrong: what now');
    expect(sections.indexOf(section!)).toBe(1);
    const commands = section!.blocks.flatMap((block) =>
      block.commands.split('\n').filter((line) => !line.startsWith('#')),
    );
    expect(commands).toHaveLength(5);
  });

  it('says of every command who runs it, and why where no test does', () => {
    expect(blocks.length).toBeGreaterThan(30);
    expect(blocks.filter(({ mark }) => mark === 'unmarked').map(at)).toEqual([]);
    expect(blocks.filter(({ mark, reason }) => mark === 'manual' && reason === '').map(at)).toEqual([]);
    expect(blocks.filter(({ mark, reason }) => mark === 'run' && reason !== '').map(at)).toEqual([]);
  });

  it('has commands that bash can read', () => {
    for (const block of blocks) {
      const { status, stderr } = spawnSync('bash', ['-n'], { input: block.commands, encoding: 'utf8' });
      expect({ block: at(block), status, stderr }).toEqual({ block: at(block), status: 0, stderr: '' });
    }
  });

  it('runs commands with no other variables than those that are set for them', () => {
    for (const block of blocks.filter(({ mark }) => mark === 'run'))
      for (const [, name] of block.commands.matchAll(/\$\{?([A-Z_]+)/g))
        expect({ block: at(block), isSet: runbookVariables.some((known) => known === name) }).toEqual({
          block: at(block),
          isSet: true,
        });
  });

  it('calls commands that pawl has, with options that they have', () => {
    const lines = blocks.flatMap((block) => block.commands.split('\n').filter((line) => line.startsWith('pawl ')));
    expect(lines.length).toBeGreaterThan(10);
    for (const line of lines) {
      const [, ...words] = line.split(' ');
      let command = program;
      while (words[0] !== undefined) {
        const [word] = words;
        const next = command.commands.find((each) => each.name() === word);
        if (next === undefined) break;
        command = next;
        words.shift();
      }
      const options = words.filter((word) => word.startsWith('-'));
      const known = command.options.flatMap(({ short, long }) => [short, long]);
      expect({ line, unknown: options.filter((option) => !known.includes(option)) }).toEqual({ line, unknown: [] });
      expect({ line, isCommand: command !== program && command.registeredArguments.length > 0 }).toEqual({
        line,
        isCommand: true,
      });
    }
  });

  it('links to headings that it has', () => {
    const targets = [...runbook.matchAll(/\]\(#([^)]+)\)/g)].map(([, target = '']) => target);
    const anchors = sections.map(({ heading }) =>
      heading
        .toLowerCase()
        .replace(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    );
    expect(targets.length).toBeGreaterThan(10);
    expect(targets.filter((target) => !anchors.includes(target))).toEqual([]);
  });

  it('names in its troubleshooting only codes and reasons that there are', () => {
    const [, troubleshooting = ''] = runbook.split('\n## Troubleshooting\n');
    const [symptoms] = troubleshooting.split('\n## ');
    const rows = (symptoms ?? '').split('\n').filter((line) => line.startsWith('| '));
    const words = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([A-Za-z_]+)`/g)]);
    const names = words
      .map(([, name = '']) => name)
      .filter((name) => /^[A-Z]+(_[A-Z]+)+$|^([A-Z][a-z]+){2,}$/.test(name));
    const reasons: readonly string[] = [...conditionReasons, ...failureReasons];
    const exitCode = (name: string): unknown => new CliError(name as CliErrorCode, '', '').exitCode;
    // What the shell of the pipelines says, in brackets or by `fail CODE …`.
    const folder = inRepository('scripts/ci');
    const shell = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));
    const said = new Set(shell.flatMap((script) => script.match(/(?<=\[|\bfail )[A-Z]+(?:_[A-Z]+)+\b/g) ?? []));
    const exists = (name: string) =>
      name in errorCodes || reasons.includes(name) || said.has(name) || exitCode(name) !== undefined;
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name) => !exists(name))).toEqual([]);
  });

  it('writes nothing in a command that a test runs', () => {
    const changes =
      /kubectl\b.*\b(delete|patch|apply|edit|annotate|scale|restart|resume)\b|helm|--push|pawl (rollback|release|promote|rollout (abort|retry|promote|suspend|resume))/;
    expect(blocks.filter(({ mark, commands }) => mark === 'run' && changes.test(commands)).map(at)).toEqual([]);
  });
});
