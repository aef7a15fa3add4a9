import type { Output } from '../../terminal/context.ts';

/** What a stream of Node has beside an {@link Output}. */
interface Stream {
  readonly writable: boolean;
  once(event: 'drain' | 'close' | 'error', listener: () => void): unknown;
  off(event: 'drain' | 'close' | 'error', listener: () => void): unknown;
}

const isStream = (output: Output): output is Output & Stream => 'once' in output && 'writable' in output;

/**
 * Writes, and waits while the reader is slower: what is written for it would pile up in memory.
 *
 * @returns whether the reader is still there (`pawl predict ... | head -1` is not, behind the first line).
 */
export async function writeAll(output: Output, text: string): Promise<boolean> {
  if (!isStream(output)) {
    output.write(text);
    return true;
  }
  if (!output.writable) return false;
  if (output.write(text) === false)
    await new Promise<void>((resolve) => {
      const events = ['drain', 'close', 'error'] as const;
      const go = () => {
        for (const event of events) output.off(event, go);
        resolve();
      };
      for (const event of events) output.once(event, go);
    });
  return output.writable;
}
