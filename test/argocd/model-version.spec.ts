import { readFileSync, writeFileSync } from 'node:fs';
import { phases } from '@pawl/shared/modelversion/model-version';
import { annotations } from '@pawl/shared/modelversion/names';
import { format, resolveConfig } from 'prettier';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { ArgoSettings, repositoryFile } from './support/argocd.ts';
import { actions, cases, healthTable, versionOf } from './support/cases.ts';

const DOCS = repositoryFile('docs/argocd.md');
const named = cases.map((one) => [one.when, one] as const);

describe('the table of health and actions', () => {
  it('has every phase', () => {
    expect(new Set(cases.map(({ status }) => status?.phase))).toEqual(
      new Set([undefined, ...phases, 'Resting' /* of a newer Pawl */]),
    );
  });

  it('has the word of the controller in every message', () => {
    const deaf = cases.filter(
      ({ status, deleted, message }) => deleted !== true && !message.includes(status?.message ?? ''),
    );
    expect(deaf).toEqual([]);
  });

  it('is the one of docs/argocd.md (PAWL_TEST_WRITE_DOCS=1 writes it)', async () => {
    const [start, end] = ['<!-- health: written by test/argocd -->', '<!-- /health -->'];
    const docs = readFileSync(DOCS, 'utf8');
    const before = docs.slice(0, docs.indexOf(start) + start.length);
    const after = docs.slice(docs.indexOf(end));
    const style = await resolveConfig(DOCS);
    const expected = await format(`${before}\n\n${healthTable()}\n\n${after}`, { ...style, parser: 'markdown' });
    if (process.env['PAWL_TEST_WRITE_DOCS'] === '1') writeFileSync(DOCS, expected);
    expect(readFileSync(DOCS, 'utf8')).toBe(expected);
  });
});

describeWhenSet('PAWL_TEST_ARGOCD', 'a ModelVersion in Argo CD', (program) => {
  let argocd: ArgoSettings;
  beforeAll(() => {
    argocd = new ArgoSettings(program);
  });
  afterAll(() => {
    argocd.remove();
  });

  it.each(named)('has the health of the table: %s', (_, one) => {
    expect(argocd.override('health', versionOf(one))).toBe(`STATUS: ${one.health}\nMESSAGE: ${one.message}\n`);
  });

  it.each(named)('offers the actions of the table: %s', (_, one) => {
    const rows = argocd
      .override('list-actions', versionOf(one))
      .split('\n')
      .slice(1)
      .filter((line) => line !== '')
      .map((line) => line.trim().split(/\s+/));
    expect(Object.fromEntries(rows)).toEqual(
      Object.fromEntries(actions.map((action) => [action, String(!one.offered.includes(action))])),
    );
  });

  const [canary, suspended, failed] = ['Canary', 'Suspended, in mid-rollout', 'Failed'].map((when) => {
    const found = cases.find((one) => one.when === when);
    if (found === undefined) throw new Error(when);
    return versionOf(found);
  });
  /** What an action adds, as a diff of YAML shows it. */
  const added = (action: string, object: unknown) =>
    argocd
      .override('run-action', object, action)
      .split('\n')
      .filter((line) => /^[<>]/.test(line))
      .map((line) => line.replace(/\s+/g, ' '));

  it.each([
    ['abort', annotations.abort, canary],
    ['promote', annotations.promote, canary],
    ['retry', annotations.retry, failed],
  ] as const)(
    '%s writes the annotation that the controller reads, with the time, and nothing else',
    (action, name, of) => {
      const lines = added(action, of).filter((line) => line !== '> annotations:');
      expect(lines).toEqual([expect.stringMatching(/^> \S+: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ-argocd$/)]);
      expect(lines[0]).toContain(`${name}: `);
    },
  );

  it('keeps the annotations that are there', () => {
    const version = {
      ...canary,
      metadata: { ...canary?.metadata, annotations: { 'pawl.dev/run-id': '7', [annotations.abort]: 'before' } },
    };
    expect(added('abort', version)).toEqual([
      `< ${annotations.abort}: before`,
      expect.stringMatching(new RegExp(`^> ${annotations.abort}: 2`)),
    ]);
  });

  it('suspends and resumes by spec.suspend', () => {
    expect(added('suspend', canary)).toEqual(['> suspend: true']);
    expect(added('resume', suspended)).toEqual(['< suspend: true', '> suspend: false']);
  });
});
