import type { Output } from './context.ts';

/** Something that shows the newest state of what it is told. */
export interface LiveView {
  update(lines: readonly string[]): void;
  /** Leaves the last state on the screen and gives the cursor back. */
  done(): void;
}

/** Redraws in place on a terminal. */
export async function liveView(output: Output): Promise<LiveView> {
  const { createLogUpdate } = await import('log-update');
  // It writes, and asks for columns and rows: an Output has that.
  const log = createLogUpdate(output as NodeJS.WriteStream);
  return {
    update: (lines) => {
      log(lines.join('\n'));
    },
    done: () => {
      log.done();
    },
  };
}
