import { indented } from '../../terminal/render-page.ts';
import type { Cell } from '../../terminal/table.ts';
import { count, percent } from '../../terminal/text.ts';
import type { Theme } from '../../terminal/theme.ts';
import { isLoss } from './curve.ts';
import type { StagesReport } from './measure-stages.ts';

/** Lines of a table on what two stages do from each whole margin on, the one that holds among them. */
export function curveLines({ curve, sure: chosen, pictures, finalAccuracy, costs }: StagesReport, theme: Theme) {
  const points = curve.filter(({ sure }) => sure === chosen || Number.isInteger(sure));
  const rows = points.map((point): readonly Cell[] => {
    const { sure, passedOn, accuracy, fixed, broken, p, ms } = point;
    const isChosen = sure === chosen;
    return [
      isChosen ? { text: `${theme.symbols.pass} ${sure}`, tone: 'good' } : `  ${sure}`,
      percent(passedOn),
      accuracy.toFixed(4),
      String(fixed),
      String(broken),
      isLoss(point) ? { text: `${p.toFixed(3)} a loss`, tone: 'warn' } : p.toFixed(3),
      ms.toFixed(1),
    ];
  });
  return [
    theme.paint('strong', 'Two stages') +
      theme.paint('dim', `  on ${count(pictures, 'picture')}; fixed and broken are against the final stage alone`),
    ...indented(
      {
        header: ['margin', 'passed on', 'accuracy', 'fixed', 'broken', 'p', 'ms'],
        rows: [...rows, ['  final alone', percent(1), finalAccuracy.toFixed(4), '', '', '', costs.final.toFixed(1)]],
      },
      theme,
    ),
  ];
}
