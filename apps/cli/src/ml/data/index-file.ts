import { compareCodeUnits } from '@pawl/shared/bundle/canonical-json';
import { createDigester } from '@pawl/shared/bundle/digest';
import { z } from 'zod';
import { CliError } from '../../errors/cli-error.ts';
import { splits, type DatasetItem } from './dataset.ts';

/** Name of the list of items in a prepared folder: one line of JSON an item, sorted by path. */
export const INDEX_FILE = 'index.jsonl';

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'expected sha256:<64 hex digits>');

const itemSchema = z.object({
  path: z.string().regex(/^(train|val|test)\/[^/]+\/(?!\.{1,2}$)[^/]+$/, 'expected split/label/file'),
  split: z.enum(splits),
  label: z.string().min(1),
  digest,
  source: z
    .object({
      path: z.string(),
      digest,
      format: z.string(),
      width: z.int().positive(),
      height: z.int().positive(),
      bytes: z.int().min(0),
      brightness: z.number().min(0).max(255),
    })
    .optional(),
});

/** The text of an index; the order of the items does not matter. */
export function formatIndex(items: readonly DatasetItem[]): string {
  return sortItems(items)
    .map((item) => `${JSON.stringify(item)}\n`)
    .join('');
}

/**
 * The items of an index, sorted by path.
 *
 * @throws CliError DATA_UNREADABLE naming the first wrong line.
 */
export function parseIndex(text: string, path: string): DatasetItem[] {
  const items = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line, index) => {
      let problem: string;
      try {
        const parsed = itemSchema.safeParse(JSON.parse(line));
        if (parsed.success) return parsed.data;
        problem = parsed.error.issues.map(({ path: at, message }) => `${at.join('.')}: ${message}`).join('; ');
      } catch (cause) {
        problem = (cause as Error).message;
      }
      throw new CliError(
        'DATA_UNREADABLE',
        `Line ${index + 1} of ${path} is not an item: ${problem}.`,
        'Run `pawl data prepare` again.',
      );
    });
  return sortItems(items);
}

/** By path, by code unit. */
export function sortItems(items: readonly DatasetItem[]): DatasetItem[] {
  return [...items].sort((a, b) => compareCodeUnits(a.path, b.path));
}

/** `sha256:<hex>` over the sorted lines `<digest>  <path>`, each ended by a newline. */
export function hashOfItems(items: readonly Pick<DatasetItem, 'path' | 'digest'>[]): string {
  const digester = createDigester();
  const lines = items.map((item) => `${item.digest}  ${item.path}\n`).sort(compareCodeUnits);
  for (const line of lines) digester.update(Buffer.from(line));
  return digester.digest();
}
