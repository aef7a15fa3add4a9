import { CliError } from '../../errors/cli-error.ts';

/** Keys of a JSON file that labels are under, as Hugging Face, Ultralytics and others name them. */
const KEYS = ['id2label', 'label2id', 'class_indices', 'names', 'labels', 'classes', 'class_names'] as const;

/**
 * Pure: the labels of a file, in the order of the output: one a line (also `0 cat`, as Teachable Machine writes them), or JSON: a
 * list, `{"0": "cat"}`, `{"cat": 0}`, `{"0": ["n02123045", "tabby"]}`, or any of those under `id2label` and the like.
 *
 * @param file its name, for people.
 * @throws CliError DATA_LABEL_INVALID.
 */
export function parseLabelsFile(text: string, file: string): readonly string[] {
  const content = text.replace(/^\uFEFF/, '').trim();
  if (!/^[[{]/.test(content)) return parseLines(content);
  let parsed: unknown;
  try {
    parsed = JSON.parse(content);
  } catch (cause) {
    throw unreadable(file, 'it begins as JSON and is none', cause);
  }
  return parseValue(parsed, file);
}

function parseLines(content: string): readonly string[] {
  const lines = content.split(/\r?\n/).map((line) => line.trim());
  const isNumbered = lines.length > 1 && lines.every((line, index) => line.startsWith(`${index} `));
  return isNumbered ? lines.map((line, index) => line.slice(`${index} `.length)) : lines;
}

/** A JSON value: a list, an object by index or by label, or an object that has one of those. @throws CliError. */
function parseValue(value: unknown, file: string): readonly string[] {
  if (Array.isArray(value)) return value.map((name) => nameOf(name, file));
  if (typeof value !== 'object' || value === null) throw unreadable(file, 'it is neither a list nor an object');
  const object = value as Readonly<Record<string, unknown>>;
  const key = KEYS.find((known) => typeof object[known] === 'object' && object[known] !== null);
  if (key !== undefined) return parseValue(object[key], file);
  const entries = Object.entries(object);
  const isByLabel = entries.every(([, index]) => Number.isInteger(index));
  return inOrder(isByLabel ? entries.map(([name, index]) => [String(index), name]) : entries, file);
}

/** Names by their index. @throws CliError unless the indices are 0, 1, 2 and so on. */
export function inOrder(
  entries: readonly (readonly [index: string, name: unknown])[],
  file: string,
): readonly string[] {
  const byIndex = new Map(entries.map(([index, name]) => [Number(index), name]));
  return entries.map((_, index) => {
    if (!byIndex.has(index)) throw unreadable(file, `it has ${entries.length} labels and none of number ${index}`);
    return nameOf(byIndex.get(index), file);
  });
}

/** A text, a number, or the last of a list such as `["n02123045", "tabby"]`. */
function nameOf(name: unknown, file: string): string {
  const last: unknown = Array.isArray(name) ? name.at(-1) : name;
  if (typeof last === 'string' || typeof last === 'number') return String(last);
  throw unreadable(file, `${JSON.stringify(name)} is no name`);
}

const unreadable = (file: string, why: string, cause?: unknown) =>
  new CliError(
    'DATA_LABEL_INVALID',
    `The labels of ${file} cannot be told: ${why}.`,
    'Give one label a line, a JSON list, or JSON such as {"0": "cat", "1": "dog"}, in the order of the output.',
    cause,
  );
