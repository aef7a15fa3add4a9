import { largest } from '@pawl/shared/execution/answer';
import type { AnswerRow, Outcome } from './answer-row.ts';

/** Forms of a file of answers. */
export type RecordFormatName = 'csv' | 'ndjson';

/** What the records of one run have in common. */
export interface RecordShape {
  /** Of the model, in its order. */
  readonly labels: readonly string[];
  /** Probabilities in a record, the largest ones; 0: all, in the order of the labels. */
  readonly top: number;
  /** `sha256:<hex>` of the bundle. */
  readonly modelDigest: string;
}

/** Writes rows as records of a file, and reads what an earlier run wrote. */
export interface RecordFormat {
  /** What the file begins with; may be empty. */
  readonly header: string;
  /** What the record of a file begins with, whatever became of it. */
  beginning(file: string): string;
  /** A record with its end of line, the only line feed behind {@link beginning}. */
  record(row: AnswerRow): string;
  /** What a record counts as; undefined where it is not whole, or not of this model and shape. */
  read(record: string): Outcome | undefined;
}

/** The form of that name for the records of a run. */
export const recordFormat = (name: RecordFormatName, shape: RecordShape): RecordFormat =>
  name === 'csv' ? csvFormat(shape) : ndjsonFormat(shape);

/** As the service rounds them. */
const decimals = (probability: number): number => Math.round(probability * 10_000) / 10_000;

const isPartial = ({ top, labels }: RecordShape): boolean => top > 0 && top < labels.length;

/** Messages are sentences of ours, in one line. */
const oneLine = (text: string): string => text.replace(/\s+/g, ' ');

/** CSV as in RFC 4180, UTF-8, with a header. */
function csvFormat(shape: RecordShape): RecordFormat {
  const { labels, top, modelDigest } = shape;
  const columns = isPartial(shape)
    ? Array.from({ length: top }, (_, i) => [`label_${i + 1}`, `probability_${i + 1}`]).flat()
    : labels.map((label) => `${label}_probability`);
  const header = ['file', 'label', 'confidence', ...columns, 'abstained', 'error_code', 'error', 'model_digest'];
  const line = (fields: readonly string[]) => `${fields.map(csvField).join(',')}\r\n`;
  const beginning = (file: string) => `${csvField(file)},`;
  const abstainedAt = header.indexOf('abstained');
  return {
    header: line(header),
    beginning,
    record(row) {
      if (row.kind === 'unreadable')
        return line([row.file, '', '', ...columns.map(() => ''), '', row.code, oneLine(row.message), modelDigest]);
      const { label, confidence, abstained } = row.answer;
      const probabilities = largest(row.answer, labels, top).flatMap(([name, value]) =>
        isPartial(shape) ? [name, String(decimals(value))] : [String(decimals(value))],
      );
      return line([
        row.file,
        label,
        String(decimals(confidence)),
        ...probabilities,
        abstained === undefined ? '' : String(abstained),
        '',
        '',
        modelDigest,
      ]);
    },
    read(record) {
      const fields = csvFields(record);
      if (fields?.length !== header.length || fields.at(-1) !== modelDigest) return undefined;
      if (fields[abstainedAt + 1] !== '') return { kind: 'unreadable' };
      const label = labels.find((each) => plainText(each) === fields[1]);
      if (fields[abstainedAt] === 'true') return { kind: 'neither' };
      return label === undefined ? undefined : { kind: 'label', label };
    },
  };
}

/**
 * Text that a spreadsheet takes for a formula, made harmless (OWASP, "CSV Injection"). Names of files are made so before,
 * by `./` (find-pictures.ts), and stay names of the same files.
 */
const plainText = (text: string): string => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text);

function csvField(text: string): string {
  const harmless = plainText(text);
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

/** The fields of one record that ends with CR LF; undefined where it does not, or where quotes are left open. */
function csvFields(record: string): readonly string[] | undefined {
  if (!record.endsWith('\r\n')) return undefined;
  const fields: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;
  const text = record.slice(0, -2);
  for (;;) {
    const [, quoted, bare, end] = field.exec(text) ?? [];
    if (end === undefined) return undefined;
    fields.push(quoted?.replaceAll('""', '"') ?? bare ?? '');
    if (end === '') return fields;
  }
}

/** One JSON object a line, its probabilities by label. */
function ndjsonFormat(shape: RecordShape): RecordFormat {
  const { labels, top, modelDigest } = shape;
  const count = isPartial(shape) ? top : labels.length;
  const beginning = (file: string) => `{"file":${JSON.stringify(file)},`;
  return {
    header: '',
    beginning,
    record(row) {
      const { file } = row;
      if (row.kind === 'unreadable') {
        const { code, message } = row;
        return `${JSON.stringify({ file, error: { code, message: oneLine(message) }, model_digest: modelDigest })}\n`;
      }
      const { label, confidence, abstained } = row.answer;
      const probabilities = Object.fromEntries(
        largest(row.answer, labels, top).map(([name, value]) => [name, decimals(value)]),
      );
      return `${JSON.stringify({ file, label, confidence: decimals(confidence), probabilities, abstained, model_digest: modelDigest })}\n`;
    },
    read(record) {
      const value = jsonOf(record);
      if (value?.model_digest !== modelDigest) return undefined;
      if (value.error !== undefined) return { kind: 'unreadable' };
      if (Object.keys(value.probabilities ?? {}).length !== count) return undefined;
      if (value.abstained === true) return { kind: 'neither' };
      const { label } = value;
      return label !== undefined && labels.includes(label) ? { kind: 'label', label } : undefined;
    },
  };
}

/** What is read of a record of ours. */
interface Stored {
  readonly model_digest?: string;
  readonly error?: unknown;
  readonly probabilities?: Readonly<Record<string, number>>;
  readonly abstained?: boolean;
  readonly label?: string;
}

function jsonOf(text: string): Stored | undefined {
  if (!text.endsWith('\n')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
