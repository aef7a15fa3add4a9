import type { AnswerRow } from './answer-row.ts';
import { recordFormat, type RecordShape } from './record-format.ts';

const shape: RecordShape = { labels: ['cat', 'dog'], top: 0, modelDigest: 'sha256:abc' };
const many: RecordShape = { labels: ['ant', 'bee', 'cat', 'dog'], top: 2, modelDigest: 'sha256:abc' };
const answered = (file: string, abstained?: boolean): AnswerRow => ({
  kind: 'answered',
  file,
  answer: {
    label: 'dog',
    confidence: 0.87654321,
    probabilities: { cat: 0.12345679, dog: 0.87654321 },
    ...(abstained === undefined ? {} : { abstained }),
  },
});
const ofMany: AnswerRow = {
  kind: 'answered',
  file: 'a.jpg',
  answer: { label: 'cat', confidence: 0.6, probabilities: { ant: 0.1, bee: 0.25, cat: 0.6, dog: 0.05 } },
};
const unreadable = (file: string): AnswerRow => ({
  kind: 'unreadable',
  file,
  code: 'IMAGE_UNREADABLE',
  message: 'It ends too early,\nit "says".',
});

describe('CSV', () => {
  const csv = recordFormat('csv', shape);

  it('has a column for each label, and figures as the service rounds them', () => {
    expect(csv.header).toBe(
      'file,label,confidence,cat_probability,dog_probability,abstained,error_code,error,model_digest\r\n',
    );
    expect(csv.record(answered('a.jpg'))).toBe('a.jpg,dog,0.8765,0.1235,0.8765,,,,sha256:abc\r\n');
    expect(csv.record(answered('a.jpg', true))).toBe('a.jpg,dog,0.8765,0.1235,0.8765,true,,,sha256:abc\r\n');
  });

  it('has pairs of columns for the largest of many labels', () => {
    const top = recordFormat('csv', many);
    expect(top.header).toBe(
      'file,label,confidence,label_1,probability_1,label_2,probability_2,abstained,error_code,error,model_digest\r\n',
    );
    expect(top.record(ofMany)).toBe('a.jpg,cat,0.6,cat,0.6,bee,0.25,,,,sha256:abc\r\n');
    expect(top.read(top.record(ofMany))).toEqual({ kind: 'label', label: 'cat' });
  });

  it('quotes as RFC 4180 says', () => {
    expect(csv.record(answered('a, "b"\r\n.jpg'))).toMatch(/^"a, ""b""\r\n\.jpg",dog,/);
    expect(csv.record(unreadable('x.jpg'))).toBe(
      'x.jpg,,,,,,IMAGE_UNREADABLE,"It ends too early, it ""says"".",sha256:abc\r\n',
    );
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\rx'])('no spreadsheet takes a label for a formula: %j', (label) => {
    const evil: RecordShape = { labels: [label, 'b'], top: 1, modelDigest: 'sha256:abc' };
    const format = recordFormat('csv', evil);
    const record = format.record({
      kind: 'answered',
      file: 'a.jpg',
      answer: { label, confidence: 1, probabilities: { [label]: 1, b: 0 } },
    });
    expect(record.split(/,/)[1]).toMatch(/^"?'/);
    expect(format.read(record)).toEqual({ kind: 'label', label });
    expect(recordFormat('csv', { ...evil, top: 0 }).header.split(',')[3]).toMatch(/^"?'/);
  });
});

describe.each(['csv', 'ndjson'] as const)('%s', (name) => {
  const format = recordFormat(name, shape);
  const rows: readonly AnswerRow[] = [answered('plain.jpg'), answered('x,"\r\n.jpg', true), unreadable('{"a":"b"}')];

  it('reads what it wrote', () => {
    expect(rows.map((row) => format.read(format.record(row)))).toEqual([
      { kind: 'label', label: 'dog' },
      { kind: 'neither' },
      { kind: 'unreadable' },
    ]);
  });

  it('begins a record with the file, and has no line feed behind that but the last byte', () => {
    for (const row of rows) {
      const record = format.record(row);
      const beginning = format.beginning(row.file);
      expect(record.startsWith(beginning)).toBe(true);
      expect(record.indexOf('\n', beginning.length)).toBe(record.length - 1);
    }
  });

  it('takes no part of a record for a record', () => {
    for (const row of rows) {
      const record = format.record(row);
      for (let length = 0; length < record.length; length++)
        expect(format.read(record.slice(0, length))).toBeUndefined();
    }
  });

  it('takes no record of another model, of other labels or with other probabilities', () => {
    const read = (changes: Partial<RecordShape>) => {
      const other = recordFormat(name, { ...shape, ...changes });
      return other.header === format.header ? other.read(format.record(answered('a.jpg'))) : undefined;
    };
    expect(read({ modelDigest: 'sha256:abd' })).toBeUndefined();
    expect(read({ labels: ['cat', 'fox'] })).toBeUndefined();
    expect(read({ top: 1 })).toBeUndefined();
    expect(read({})).toBeDefined();
  });
});

describe('NDJSON', () => {
  it('is one object a line, with the error in place of an answer', () => {
    const ndjson = recordFormat('ndjson', shape);
    expect(ndjson.header).toBe('');
    expect(JSON.parse(ndjson.record(answered('a.jpg', false)))).toEqual({
      file: 'a.jpg',
      label: 'dog',
      confidence: 0.8765,
      probabilities: { cat: 0.1235, dog: 0.8765 },
      abstained: false,
      model_digest: 'sha256:abc',
    });
    expect(JSON.parse(ndjson.record(unreadable('b.jpg')))).toEqual({
      file: 'b.jpg',
      error: { code: 'IMAGE_UNREADABLE', message: 'It ends too early, it "says".' },
      model_digest: 'sha256:abc',
    });
    expect(JSON.parse(recordFormat('ndjson', many).record(ofMany))).toMatchObject({
      probabilities: { cat: 0.6, bee: 0.25 },
    });
  });
});
