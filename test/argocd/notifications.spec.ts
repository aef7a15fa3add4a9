import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { run } from '../chart/support/helm.ts';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { anApplication, REVISION, type ApplicationOptions } from './support/applications.ts';
import { ArgoSettings, setting } from './support/argocd.ts';

interface Trigger {
  readonly oncePer: string;
  readonly send: readonly string[];
  readonly when: string;
}
interface Template {
  readonly message: string;
  readonly email: { readonly subject: string };
  readonly slack: { readonly attachments: string };
  readonly webhook: { readonly pawl: { readonly method: string; readonly body: string } };
}

const { data } = parse(setting('notifications.yaml')) as { data: Readonly<Record<string, string>> };
const entries = <Value>(prefix: string) =>
  Object.entries(data)
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, text]) => [key.slice(prefix.length), parse(text) as Value] as const);
const triggers = entries<readonly Trigger[]>('trigger.');
const templates = entries<Template>('template.');
const EVENTS = ['staged', 'serving', 'failed', 'rolled-back', 'sync-failed'];

describe('notifications', () => {
  it('has a trigger and a template for every event, and configures no service and no recipient', () => {
    expect(triggers.map(([name]) => name)).toEqual(EVENTS.map((event) => `on-pawl-${event}`));
    expect(templates.map(([name]) => name)).toEqual(EVENTS.map((event) => `pawl-${event}`));
    expect(Object.keys(data)).toHaveLength(2 * EVENTS.length);
  });

  it.each(triggers)('%s tells each commit once, by a template that exists', (_, conditions) => {
    for (const { oncePer, send } of conditions) {
      expect(oncePer).toMatch(/revision/);
      for (const template of send) expect(templates.map(([name]) => name)).toContain(template);
    }
  });
});

describeWhenSet('PAWL_TEST_ARGOCD', 'notifications in Argo CD', (program) => {
  let argocd: ArgoSettings;
  beforeAll(() => {
    argocd = new ArgoSettings(program);
  });
  afterAll(() => {
    argocd.remove();
  });
  /** Whether a trigger fires: the last column of what the command line prints. */
  const fires = (event: string, application: object, repoServer?: string) => {
    const said = argocd.notifications(['trigger', 'run', `on-pawl-${event}`], application, repoServer);
    const result = /\s(true|false)\s*$/.exec(said)?.[1];
    if (result === undefined) throw new Error(said);
    return result === 'true';
  };

  it.each<[string, string, boolean, ApplicationOptions]>([
    ['a version is being tried', 'staged', true, {}],
    ['a version is being tried', 'failed', false, {}],
    ['a version is being tried', 'sync-failed', false, {}],
    ['a version failed', 'failed', true, { health: 'Degraded' }],
    ['a version failed', 'staged', false, { health: 'Degraded' }],
    [
      'the failure was there before this sync',
      'failed',
      false,
      { health: 'Degraded', healthSince: '2026-01-02T03:04:04Z' },
    ],
    ['health is still that of before the sync', 'staged', false, { healthSince: '2026-01-01T00:00:00Z' }],
    ['there is no version', 'staged', false, { versions: [] }],
    ['it was never synced', 'staged', false, { synced: false }],
    ['it was never synced', 'sync-failed', false, { synced: false }],
    ['a sync is under way', 'staged', false, { phase: 'Running' }],
    ['it is a service', 'staged', false, { project: 'pawl-prod-services' }],
    ['it is of somebody else', 'sync-failed', false, { project: 'default', phase: 'Failed' }],
    ['a sync failed', 'sync-failed', true, { phase: 'Failed' }],
    ['a sync of a service failed', 'sync-failed', true, { phase: 'Error', project: 'pawl-prod-services' }],
    ['a sync is tried the second time', 'sync-failed', false, { phase: 'Running', retryCount: 1 }],
    ['a sync is tried the sixth time', 'sync-failed', true, { phase: 'Running', retryCount: 5 }],
    ['a sync succeeded at the sixth try', 'sync-failed', false, { retryCount: 5 }],
    ['Git cannot be rendered', 'sync-failed', true, { conditions: [{ type: 'ComparisonError', message: 'x' }] }],
    ['objects are shared', 'sync-failed', false, { conditions: [{ type: 'SharedResourceWarning', message: 'x' }] }],
  ])('when %s, %s: %s', (_, event, expected, options) => {
    expect(fires(event, anApplication(options))).toBe(expected);
  });

  it.each(templates)('%s says what, where and why, in valid JSON for services that take it', (name) => {
    const application = anApplication({
      message: 'one "or more"\nobjects failed',
      conditions: [{ type: 'SyncError', message: 'admission webhook "x" said no' }],
    });
    const said = parse(
      argocd.notifications(['template', 'notify', '--recipient', 'console:stdout', name], application),
    ) as Template;
    expect(said.message).toContain('/applications/argocd/catdog-prod-versions');
    expect(said.email.subject).toMatch(name === 'pawl-sync-failed' ? /^catdog-prod-versions / : /^catdog .* in prod$/);
    expect(JSON.parse(said.slack.attachments)).toMatchObject([{ title: said.email.subject }]);
    expect(JSON.parse(said.webhook.pawl.body)).toMatchObject({
      event: name.replace('pawl-', ''),
      application: 'catdog-prod-versions',
      ...(name !== 'pawl-sync-failed' && { versions: 'catdog-1-0-0, catdog-1-1-0', revision: REVISION }),
    });
    if (name === 'pawl-sync-failed') expect(said.message).toContain('admission webhook "x" said no');
  });

  describeWhenSet('PAWL_TEST_ARGOCD_REPO_SERVER', 'that look at the commit', (server) => {
    const repository = mkdtempSync(join(tmpdir(), 'pawl-commits-'));
    const git = (...args: string[]) => {
      const identity = ['-c', 'user.name=Pawl', '-c', 'user.email=pawl@example.com'];
      const { code, stdout, stderr } = run('git', ['-C', repository, ...identity, ...args]);
      if (code !== 0) throw new Error(stderr);
      return stdout.trim();
    };
    const commit = (message: string) => {
      git('commit', '--quiet', '--allow-empty', '--message', message);
      return git('rev-parse', 'HEAD');
    };
    beforeAll(() => git('init', '--quiet', '--initial-branch=main'));
    afterAll(() => {
      rmSync(repository, { recursive: true, force: true });
    });

    it.each([
      ['Release catdog 1.1.0 to prod\n\nPawl-Promotion: staging', true],
      ['Revert "Release catdog 1.1.0 to prod"\n\nThis reverts commit c0ffee.', false],
      ['Roll catdog back to 1.0.0 in prod\n\nIt was worse.\n\nPawl-Rollback: catdog 1.0.0', false],
    ])('tells of serving or of a rollback, never of both: %j', (message, serving) => {
      const of = { health: 'Healthy', repository: `file://${repository}`, revision: commit(message) };
      expect(fires('serving', anApplication(of), server)).toBe(serving);
      expect(fires('rolled-back', anApplication(of), server)).toBe(!serving);
      const before = { ...of, healthSince: '2026-01-01T00:00:00Z' };
      expect(fires('serving', anApplication(before), server)).toBe(false);
      expect(fires('rolled-back', anApplication(before), server)).toBe(false);
    });
  });
});
