import { themeFor } from '../../terminal/theme.ts';
import { widthOf } from '../../terminal/text.ts';
import type { AnswerRow } from './answer-row.ts';
import { answerTable } from './answer-table.ts';

const theme = (isTTY: boolean, columns = 80) =>
  themeFor({ write: () => undefined, isTTY, columns }, { LANG: 'C.UTF-8', NO_COLOR: '1' });
const row = (file: string, abstained?: boolean): AnswerRow => ({
  kind: 'answered',
  file,
  answer: {
    label: 'dog',
    confidence: 0.9,
    probabilities: { cat: 0.1, dog: 0.9 },
    ...(abstained === undefined ? {} : { abstained }),
  },
});

describe('answerTable', () => {
  it('lines up rows that come one by one', () => {
    const files = ['a.jpg', 'a/long/name.jpg', 'broken.jpg'];
    const table = answerTable(files, ['cat', 'dog'], 0, theme(false));
    expect([
      table.header,
      table.line(row('a.jpg')),
      table.line(row('a/long/name.jpg', true)),
      table.line({ kind: 'unreadable', file: 'broken.jpg', code: 'IMAGE_UNREADABLE', message: 'It ends too early.' }),
    ]).toEqual([
      'FILE             LABEL    CONFIDENCE  PROBABILITIES',
      'a.jpg            dog          0.9000  cat 0.1000, dog 0.9000',
      'a/long/name.jpg  neither              cat 0.1000, dog 0.9000',
      'broken.jpg       ✗                    It ends too early. [IMAGE_UNREADABLE]',
    ]);
  });

  it('shortens names from the left on a terminal, wide characters and all, and keeps to its width', () => {
    const long = `${'folder/'.repeat(20)}cat-of-the-house.jpg`;
    const wide = `${'写真/'.repeat(20)}猫.jpg`;
    const table = answerTable([long, wide], ['cat', 'dog'], 0, theme(true, 80));
    const lines = [long, wide].map((file) => table.line(row(file)));
    expect(lines[0]).toMatch(/^….*cat-of-the-house\.jpg {2}dog/);
    expect(lines[1]).toMatch(/^….*猫\.jpg +dog/);
    for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(80);
    expect(answerTable([long], ['cat', 'dog'], 0, theme(false)).line(row(long))).toContain(long);
  });

  it('shows the largest of many labels, and as many as are asked for', () => {
    const probabilities = { ant: 0.05, bee: 0.1, cat: 0.15, dog: 0.7 };
    const many: AnswerRow = { kind: 'answered', file: 'a', answer: { label: 'dog', confidence: 0.7, probabilities } };
    const labels = Object.keys(probabilities);
    expect(answerTable(['a'], labels, 0, theme(false)).line(many)).toMatch(/ dog 0\.7000, cat 0\.1500, bee 0\.1000$/);
    expect(answerTable(['a'], labels, 1, theme(false)).line(many)).toMatch(/0\.7000 {2}dog 0\.7000$/);
  });

  it('lets no name move the cursor', () => {
    const evil = 'a\u001b[2Jb\n.jpg';
    expect(answerTable([evil], ['cat', 'dog'], 0, theme(false)).line(row(evil))).toMatch(/^ab \.jpg {2}dog/);
  });
});
