import { ApiError } from '@pawl/shared/kubernetes/api-error';
import { unseen } from './caches.ts';

const cache = { byIndex: () => [] };
const caches = { versions: cache, deployments: cache, replicaSets: cache, pods: cache, configMaps: cache };

describe('objects that the API server does not show', () => {
  it.each<[string, number, number, string | undefined]>([
    ['at once where that stays so', 403, 1, 'The API server refuses to show pods: no'],
    ['not where it may pass by itself', 503, 1, undefined],
    ['twice in a row', 503, 2, 'The API server refuses to show pods again and again (503): no'],
  ])('are told %s', (_, status, times, words) => {
    expect(unseen({ ...caches, pods: { ...cache, refusal: { error: new ApiError(status, '', 'no'), times } } })).toBe(
      words,
    );
    expect(unseen(caches)).toBeUndefined();
  });
});
