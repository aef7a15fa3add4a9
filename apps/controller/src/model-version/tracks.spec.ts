import { aDigest } from '@pawl/test-kit/model-versions';
import { stableDeployment } from './test/model-cluster.ts';
import { canaryTrack, stableState } from './tracks.ts';

describe('a track', () => {
  const deployment = stableDeployment(aDigest('1.0.0'));
  const failing = (status: string) => ({
    ...deployment,
    status: {
      ...deployment.status,
      conditions: [{ type: 'ReplicaFailure', status, reason: 'FailedCreate', message: 'exceeded quota: pods' }],
    },
  });

  it.each([
    ['True', 'exceeded quota: pods'],
    ['False', undefined],
  ])('says why its Deployment may make no pods, while that is so: %s', (status, said) => {
    const stable = stableState('m', [failing(status)], () => []);
    expect(stable.kind === 'found' && stable.track.podsRefused).toBe(said);
    expect(canaryTrack(failing(status), []).podsRefused).toBe(said);
  });
});
