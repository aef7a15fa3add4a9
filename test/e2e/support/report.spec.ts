import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { markdown, record, resultsIn, type ScenarioResult } from './report.ts';

const passed: ScenarioResult = {
  ...{ id: '1', title: 'installs', outcome: 'passed', seconds: 10, sent: 100, lost: 0, busy: 0, p50Ms: 20, p95Ms: 40 },
  notes: ['split 33 %', 'a|b'],
};
const skipped: ScenarioResult = {
  ...passed,
  id: '12b',
  outcome: 'skipped',
  sent: 5,
  notes: ['PAWL_TEST_COMPONENT is not set'],
};

describe('the table of scenarios', () => {
  it('has a row for each and sums up those that ran', () => {
    const text = markdown([passed, { ...passed, id: '2', outcome: 'failed', lost: 3 }, skipped]);
    expect(text).toContain('1 of 2 scenarios passed; 200 requests sent, 3 lost.');
    expect(text).toMatch(
      /\| 1 +\| installs +\| passed +\| 100 +\| 0 +\| 0 +\| 20 \/ 40 +\| 10 +\| split 33 %; a\\\|b +\|/,
    );
    expect(text).toMatch(/\| 12b +\| installs +\| skipped +\| {6}\| {6}\|/);
  });

  it('has what several processes told, in the order of the ids, and of each scenario the last word', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pawl-report-'));
    try {
      for (const id of ['12b', '2', '12a', '2b']) record({ ...passed, id }, folder);
      record({ ...passed, id: '2', outcome: 'failed' }, folder);
      expect(resultsIn(folder).map(({ id, outcome }) => `${id} ${outcome}`)).toEqual([
        '2 failed',
        '2b passed',
        '12a passed',
        '12b passed',
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
