import { modelVersionStatusSchema } from '@pawl/shared/modelversion/model-version';
import { boundedLineage } from './lineage.ts';

const fits = modelVersionStatusSchema.shape.artifact.unwrap().shape.lineage;

describe('the lineage of a status', () => {
  it('is what the manifest says', () => {
    const lineage = { run_id: 'a1b2', data_hash: 'sha256:00', git_commit: 'ef01' };
    expect(boundedLineage(lineage)).toEqual(lineage);
  });

  it.each<[string, Record<string, string>]>([
    ['a value of a megabyte', { notes: 'x'.repeat(1_000_000) }],
    ['a value that is cut inside an emoji', { notes: '🐈'.repeat(600) }],
    ['a key of a thousand letters', { ['k'.repeat(1000)]: 'v' }],
    ['a thousand keys', Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`k${i}`, 'v']))],
    ['half an emoji', { notes: '\ud83d' }],
    ['an empty key', { '': 'v' }],
  ])('fits into the status: %s', (_, lineage) => {
    const bounded = boundedLineage(lineage);
    expect(fits.safeParse(bounded).success).toBe(true);
    expect(Object.keys(bounded).length).toBeLessThanOrEqual(32);
    expect(Object.values(bounded).every((value) => value.isWellFormed())).toBe(true);
  });

  it('shows that something was cut', () => {
    expect(boundedLineage({ notes: 'x'.repeat(1025) })['notes']).toBe(`${'x'.repeat(1023)}…`);
    expect(boundedLineage({ notes: 'x'.repeat(1024) })['notes']).toBe('x'.repeat(1024));
  });

  it('contains no control characters that move the cursor of a terminal', () => {
    expect(boundedLineage({ notes: 'a\u001b[2J\nb' })).toEqual({ notes: 'a [2J b' });
  });
});
