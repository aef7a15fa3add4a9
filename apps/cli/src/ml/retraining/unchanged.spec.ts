import { hashOfParams } from '../training/run/lineage.ts';
import { paramsSchema } from '../params/params.ts';
import { changesSince } from './unchanged.ts';

const inputs = { data_hash: 'd', params_hash: 'p', backbone_digest: 'b', pawl_version: '1' };

describe('what has changed since a bundle was trained', () => {
  it('is nothing with the same inputs, whatever the run and the commit', () => {
    expect(changesSince({ ...inputs, run_id: 'r', git_commit: 'c' }, inputs)).toEqual([]);
  });

  it.each([
    ['data_hash', 'the photographs'],
    ['params_hash', 'params.yaml'],
    ['backbone_digest', 'the backbone'],
    ['pawl_version', 'the version of pawl'],
  ])('%s is %s', (key, expected) => {
    expect(changesSince({ ...inputs, [key]: 'other' }, inputs)).toEqual([expected]);
  });

  it('is everything for a bundle that was not trained here', () => {
    expect(changesSince({ licence: 'MIT' }, inputs)).toHaveLength(4);
  });
});

describe('the hash of parameters', () => {
  const params = paramsSchema.parse({});
  const { bundle, train, tracking } = params;

  it('is that of what weights depend on', () => {
    expect(hashOfParams(params)).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(hashOfParams({ ...params, bundle: { ...bundle, replaces: 'oci://elsewhere/m:1' } })).toBe(
      hashOfParams(params),
    );
    expect(hashOfParams({ ...params, tracking: { ...tracking, alias: 'other' } })).toBe(hashOfParams(params));
    expect(hashOfParams({ ...params, train: { ...train, epochs: 11 } })).not.toBe(hashOfParams(params));
    expect(hashOfParams({ ...params, bundle: { ...bundle, name: 'birds' } })).not.toBe(hashOfParams(params));
  });
});
