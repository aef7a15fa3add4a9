import { VariableType } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboards } from '../../monitoring/src/dashboards/dashboards.ts';
import { filledIn, panelsOf, queriesOf, variablesOf } from './support/dashboard-queries.ts';

const boards = [...dashboards().entries()];
const every = boards.flatMap(([, board]) => panelsOf(board).map((panel) => ({ board: board.title, panel })));

describe('filledIn', () => {
  it('replaces variables in both ways of writing, and refuses one without a value', () => {
    expect(filledIn('${a}_x{b=~"$b"}[$__range]', { a: 'm', b: '.*', __range: '5m' })).toBe('m_x{b=~".*"}[5m]');
    expect(() => filledIn('x{b="$c"}', { b: '1' })).toThrow('nobody gives $c a value');
  });
});

describe('the dashboards', () => {
  it('are of one kind, with names and places of their own', () => {
    expect(boards.map(([file]) => file)).toEqual([
      'pawl-service.json',
      'pawl-rollout.json',
      'pawl-model.json',
      'pawl-controller.json',
    ]);
    expect(boards.every(([file, { uid }]) => file === `${uid ?? ''}.json`)).toBe(true);
    for (const [, board] of boards) {
      const ids = [...(board.panels ?? []), ...panelsOf(board)].map(({ id }) => id);
      expect(new Set(ids).size).toBe(new Set([...(board.panels ?? []), ...panelsOf(board)]).size);
      expect(board.editable).toBe(false);
    }
  });

  it('show at most a dozen panels before a row is opened, with the figures on top', () => {
    for (const [, board] of boards) {
      const first = (board.panels ?? []).filter(({ type }) => type !== 'row');
      expect(first.length).toBeLessThanOrEqual(12);
      expect(first.slice(0, 6).map(({ type }) => type)).toEqual(Array(6).fill('stat'));
    }
  });

  it('lay panels side by side without gaps or overlaps', () => {
    for (const [, board] of boards)
      for (const group of [
        (board.panels ?? []).filter(({ type }) => type !== 'row'),
        ...(board.panels ?? []).flatMap((row) => ('panels' in row ? [row.panels] : [])),
      ]) {
        const places = group.map(({ gridPos }) => gridPos!);
        expect(places.every(({ x, w }) => x + w <= 24)).toBe(true);
        for (const [index, one] of places.entries())
          for (const other of places.slice(index + 1)) {
            const isApart =
              one.x + one.w <= other.x ||
              other.x + other.w <= one.x ||
              one.y + one.h <= other.y ||
              other.y + other.h <= one.y;
            expect(isApart).toBe(true);
          }
      }
  });

  it('have panels that say what they show, in a unit, from the chosen data source', () => {
    for (const { panel } of every) {
      expect(panel.title).toMatch(/^[$A-Z]/);
      expect(panel.description).toMatch(/^.{15,}[.]$/s);
      expect(panel.datasource).toEqual({ type: 'prometheus', uid: '${datasource}' });
      expect(panel.fieldConfig?.defaults.unit).toBeTruthy();
      expect(panel.targets?.length).toBeGreaterThan(0);
    }
  });

  it('have titles of their own on each dashboard, rows apart', () => {
    for (const [, board] of boards) {
      const titles = panelsOf(board).map(({ title }) => title);
      expect(titles.filter((title, index) => titles.indexOf(title) !== index)).toEqual([]);
    }
  });

  it('take rates over the window that Grafana fits to the scrape interval, or over the shown time', () => {
    const queries = boards.flatMap(([, board]) => queriesOf(board));
    const windows = queries.flatMap(({ expr }) => [...expr.matchAll(/\}\[([^\]]+)\]/g)].map(([, window]) => window));
    expect(windows.length).toBeGreaterThan(60);
    // Feedback is rare: its shares are of an hour.
    expect(new Set(windows)).toEqual(new Set(['$__rate_interval', '$__range', '1h']));
  });

  it('count counters by how fast or by how much they grow', () => {
    const texts = boards.flatMap(([, board]) =>
      queriesOf(board).map(({ expr }) => expr.replaceAll('${model}', 'MODEL')),
    );
    const counters = texts.flatMap((expr) => [...expr.matchAll(/_(?:total|bucket|sum|count)\{[^}]*\}(.)/g)]);
    expect(counters.length).toBeGreaterThan(60);
    expect(counters.filter(([, next]) => next !== '[').map(([text]) => text)).toEqual([]);
  });

  it('ask only for the chosen model and namespace', () => {
    const queries = boards.flatMap(([, board]) => queriesOf(board));
    const selectors = queries.flatMap(({ expr }) =>
      [...expr.replaceAll('${model}', 'MODEL').matchAll(/\{([^{}]*)\}/g)].map(([, text]) => text ?? ''),
    );
    expect(selectors.length).toBeGreaterThan(100);
    expect(selectors.filter((text) => !/namespace=~"\$namespace"/.test(text))).toEqual([]);
    expect(selectors.filter((text) => !/job="(MODEL-api|pawl-controller)"/.test(text))).toEqual([]);
  });

  it('read variables anew when the shown time changes', () => {
    for (const [, board] of boards) {
      const variables = (board.templating.list ?? []).filter(({ type }) => type === VariableType.Query);
      expect(variables.map(({ refresh }) => Number(refresh))).toEqual(variables.map(() => 2));
      expect(variablesOf(board).every(({ series, label }) => series !== '' && label !== '')).toBe(true);
    }
  });
});
