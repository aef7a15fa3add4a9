import { readRunbook } from './read-runbook.ts';

const page = `# Runbook

## First

\`\`\`sh run
one
two
\`\`\`

### PawlSomething

#### Meaning

\`\`\`text
## no heading
\`\`\`

#### Impact

\`\`\`sh manual (wakes a person)
three
\`\`\`

\`\`\`sh
four
\`\`\`

\`\`\`sh manual
five
\`\`\`
`;

describe('the reader of the runbook', () => {
  it('finds sections, their parts, and commands with who runs them', () => {
    expect(readRunbook(page)).toEqual([
      { heading: '', parts: [], blocks: [] },
      {
        heading: 'First',
        parts: [],
        blocks: [{ section: 'First', line: 5, commands: 'one\ntwo', mark: 'run', reason: '' }],
      },
      {
        heading: 'PawlSomething',
        parts: ['Meaning', 'Impact'],
        blocks: [
          { section: 'PawlSomething', line: 20, commands: 'three', mark: 'manual', reason: 'wakes a person' },
          { section: 'PawlSomething', line: 24, commands: 'four', mark: 'unmarked', reason: '' },
          { section: 'PawlSomething', line: 28, commands: 'five', mark: 'manual', reason: '' },
        ],
      },
    ]);
  });

  it('refuses a fence that is not closed, whose rest would be no commands', () => {
    expect(() => readRunbook('## A\n\n```sh run\none\n')).toThrow('the fence of line 3 is not closed');
  });
});
