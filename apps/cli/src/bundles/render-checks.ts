import { padEnd, widthOf } from '../terminal/text.ts';
import type { Theme } from '../terminal/theme.ts';
import type { BundleCheck } from './check-bundle.ts';

/** The checklist of `pawl verify`. */
export function renderBundleChecks({ checks }: BundleCheck, uri: string, theme: Theme): readonly string[] {
  const names = Math.max(...checks.map(({ subject }) => widthOf(subject)));
  const signs = {
    pass: theme.paint('good', theme.symbols.pass),
    fail: theme.paint('bad', theme.symbols.fail),
    skipped: theme.paint('dim', theme.symbols.dash),
  };
  return [
    theme.paint('strong', uri),
    ...checks.map(({ subject, outcome, detail }) =>
      `${signs[outcome]} ${padEnd(subject, names)}  ${theme.paint(outcome === 'fail' ? 'bad' : 'dim', detail)}`.trimEnd(),
    ),
  ];
}
