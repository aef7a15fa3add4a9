import { type Application, isSyncedTo, sentence } from './argocd.ts';

const application = (sync: NonNullable<Application['status']>['sync']): Application => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Application',
  metadata: { name: 'catdog-prod' },
  spec: {},
  status: {
    ...(sync === undefined ? {} : { sync }),
    conditions: [{ type: 'ComparisonError', message: 'no such path' }],
  },
});

describe('an Application', () => {
  it('is synced to a commit when every source was compared with it and nothing differs', () => {
    expect(isSyncedTo(application({ status: 'Synced', revision: 'a' }), 'a')).toBe(true);
    expect(isSyncedTo(application({ status: 'Synced', revisions: ['a', 'a'] }), 'a')).toBe(true);
    expect(isSyncedTo(application({ status: 'Synced', revisions: ['a', 'b'] }), 'a')).toBe(false);
    expect(isSyncedTo(application({ status: 'OutOfSync', revision: 'a' }), 'a')).toBe(false);
    expect(isSyncedTo(application({ status: 'Synced', revisions: [] }), 'a')).toBe(false);
    expect(isSyncedTo(application(undefined), 'a')).toBe(false);
  });

  it('says in one line what is wrong with it', () => {
    expect(sentence(application({ status: 'Unknown', revisions: ['abcdefghi', 'abcdefghi'] }))).toBe(
      'catdog-prod: Unknown to abcdefg; ?; operation none (); ComparisonError: no such path',
    );
  });
});
