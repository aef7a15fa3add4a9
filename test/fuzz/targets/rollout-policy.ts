import type { ConfigMap } from '@pawl/shared/kubernetes/objects';
import { readModelConfig } from '../../../apps/controller/src/model-version/model-config.ts';
import { ensure, textSeeds, type FuzzTarget } from '../engine/target.ts';

const LONGEST_MESSAGE = 4_000;

const policy = `artifact: {mount: fetch, maxBytes: 1000, allow: ['oci://registry.example/models']}
canary:
  steps:
    - {weight: 10, holdSeconds: 60}
    - {weight: 50, holdSeconds: 60}
acceptance: &a {minCorrect: 1}
analysis: {enabled: true, maxP95Ratio: 1.5}
`;

/** `policy.yaml` of an environment's ConfigMap. */
export const target: FuzzTarget = {
  kind: 'text',
  codes: [],
  iterations: 1000,
  words: [
    '*a',
    '&a ',
    '<<: *a',
    '!!js/function ',
    '!!binary ',
    '? ',
    '- ',
    '{',
    '[',
    '\n---\n',
    '\t',
    '1e999',
    '.inf',
    '0o777',
    '__proto__: ',
    '%YAML 1.1\n',
    '|\n',
  ],
  seeds: () =>
    Promise.resolve(
      textSeeds(
        policy,
        `a: &a [x, x]\n${'bcdefg'
          .split('')
          .map((key, at) => `${key}: &${key} [*${'abcdef'[at]}, *${'abcdef'[at]}]\n`)
          .join('')}`,
      ),
    ),
  run: (input) => {
    const config: ConfigMap = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'catdog', namespace: 'pets', uid: 'u', resourceVersion: '1' },
      data: { 'policy.yaml': Buffer.from(input).toString('utf8') },
    };
    const { state } = readModelConfig('catdog', [config], []);
    ensure(state.kind === 'valid' || state.message.length < LONGEST_MESSAGE, 'what is wrong is said in few words');
  },
};
