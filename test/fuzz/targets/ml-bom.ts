import { mlBomOf, verifyMlBom } from '@pawl/shared/bundle/readers/ml-bom';
import { catdogModel } from '../support/catdog-model.ts';
import { ensure, type FuzzTarget } from '../engine/target.ts';

/** A bill of materials beside an image, by whoever can write to a registry: only the one of the bundle is right. */
export const target: FuzzTarget = {
  kind: 'json',
  codes: ['BUNDLE_READER_INVALID'],
  iterations: 400,
  words: ['SHA-256', 'file:', 'pawl:lineage:', '__proto__'],
  seeds: async () => [Buffer.from(mlBomOf(await catdogModel()))],
  run: async (input) => {
    const model = await catdogModel();
    const text = Buffer.from(input).toString('utf8');
    verifyMlBom(text, model);
    const sorted = (value: unknown): unknown =>
      typeof value !== 'object' || value === null || Array.isArray(value)
        ? value
        : Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
    const same = (json: string) => JSON.stringify(sorted(JSON.parse(json))).length;
    ensure(same(text) === same(mlBomOf(model)), 'nothing is in it that the bundle does not say');
  },
};
