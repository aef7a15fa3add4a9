import type { Context } from './context.ts';
import { bar } from './bar.ts';
import { liveView, type LiveView } from './live-view.ts';
import { themeFor } from './theme.ts';

/** Long work that tells how far it is. */
export interface Progress {
  /** `done` of the total given at the start; `note` stands behind the figures. */
  update(done: number, note?: string): void;
  /** Ends with one line that stays. */
  done(summary: string): void;
}

const BAR_COLUMNS = 24;
/** Redrawing more often is not seen. */
const REDRAW_MS = 100;

/**
 * A bar on stderr with figures, rate and time left. Where stderr is no terminal only the summary is written, so that
 * logs stay readable.
 */
export async function createProgress(context: Context, label: string, total: number): Promise<Progress> {
  const { stderr } = context;
  const view: LiveView | undefined = stderr.isTTY === true ? await liveView(stderr) : undefined;
  const theme = themeFor(stderr, context.env);
  const begin = context.now().getTime();
  let drawn = -Infinity;
  return {
    update(done, note = '') {
      const now = context.now().getTime();
      if (view === undefined || (now - drawn < REDRAW_MS && done < total)) return;
      drawn = now;
      const seconds = (now - begin) / 1000;
      const rate = seconds > 0 ? done / seconds : 0;
      const left = rate > 0 ? `${Math.ceil((total - done) / rate)} s left` : '';
      const share = total === 0 ? 1 : done / total;
      view.update([
        `${label} ${bar(share, BAR_COLUMNS, theme)} ${done}/${total}  ${rate.toFixed(0)}/s  ${left} ${note}`,
      ]);
    },
    done(summary) {
      view?.update([]);
      view?.done();
      stderr.write(`${label} ${theme.symbols.dash} ${summary}\n`);
    },
  };
}
