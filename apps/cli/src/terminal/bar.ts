import type { Theme } from './theme.ts';

/** A bar of `width` columns whose first `share` (0 to 1) is filled; anything above 0 shows at least one column. */
export function bar(share: number, width: number, theme: Theme): string {
  const bounded = Math.min(1, Math.max(0, share));
  const filled =
    bounded === 0 ? 0 : Math.min(bounded === 1 ? width : width - 1, Math.max(1, Math.round(bounded * width)));
  const { full, empty } = theme.symbols;
  return theme.paint('good', full.repeat(filled)) + theme.paint('dim', empty.repeat(width - filled));
}

/** `done` of `total` steps as dots. */
export function dots(done: number, total: number, theme: Theme): string {
  const { done: full, todo } = theme.symbols;
  return [
    ...Array.from({ length: Math.min(done, total) }, () => theme.paint('good', full)),
    ...Array.from({ length: Math.max(0, total - done) }, () => theme.paint('dim', todo)),
  ].join(' ');
}
