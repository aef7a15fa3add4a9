import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inRepository } from '@pawl/test-kit/repository';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { labels, STABLE } from '@pawl/shared/modelversion/names';
import { parse, stringify } from 'yaml';
import type { Alert } from './rule.ts';
import { allGroups } from './rule-files.ts';
import { exampleSettings } from './settings.ts';

const alerts: readonly Alert[] = allGroups(exampleSettings).flatMap((group) => group.alerts);
const read = (path: string) => readFileSync(inRepository(path), 'utf8');

/** What a program says; throws where it is not content. */
function say(program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd: inRepository(''), encoding: 'utf8' });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(stdout + stderr);
  return stdout;
}

describe('the configuration of Prometheus', () => {
  it('has the job that the rules ask for, every 15 s, at the port of the service', () => {
    const { global, scrape_configs } = parse(read('monitoring/prometheus/prometheus.yml'));
    expect(global.scrape_interval).toBe('15s');
    expect(scrape_configs[0]).toEqual({
      job_name: 'catdog-api',
      metrics_path: '/metrics',
      static_configs: [{ targets: ['localhost:8000'] }],
    });
    expect(exampleSettings.service).toBe('job="catdog-api"');
    expect(exampleSettings.controller).toBe(`job="${scrape_configs[1].job_name as string}"`);
  });
});

describe('the configuration of Alertmanager', () => {
  it('inhibits alerts that there are', () => {
    const { inhibit_rules } = parse(read('monitoring/alertmanager/alertmanager.yml'));
    expect(inhibit_rules.length).toBeGreaterThan(3);
    for (const { source_matchers, target_matchers } of inhibit_rules)
      for (const matcher of [...source_matchers, ...target_matchers]) {
        const [, alternatives = ''] = /^alertname=~?"(.+)"$/.exec(matcher as string) ?? [];
        // Each part of an alternative is the beginning of an alert's name.
        const parts = alternatives.startsWith('Pawl(')
          ? alternatives
              .replace(/^Pawl\(|\)\.\*$/g, '')
              .split('|')
              .map((part) => `Pawl${part}`)
          : alternatives.split('|');
        for (const part of parts)
          expect({ part, isKnown: alerts.some(({ name }) => name.startsWith(part)) }).toEqual({ part, isKnown: true });
      }
  });
});

describeWhenSet('PAWL_TEST_PROMTOOL', 'the configuration of Prometheus, for promtool', (promtool) => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'pawl-prometheus-'));
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  /** kubernetes.yml with given pods in the place of discovery, which not every promtool is built with. */
  function withPods(...pods: readonly Readonly<Record<string, string>>[]): string {
    const config = parse(read('monitoring/prometheus/kubernetes.yml'));
    for (const job of config.scrape_configs) {
      expect(job.kubernetes_sd_configs).toEqual([{ role: 'pod' }]);
      delete job.kubernetes_sd_configs;
      job.static_configs = pods.map((meta) => ({
        targets: ['10.0.0.7:8000'],
        labels: Object.fromEntries(
          Object.entries(meta).map(([name, value]) => [`__meta_kubernetes_${name.replaceAll(/[^a-z]/g, '_')}`, value]),
        ),
      }));
    }
    config.rule_files = [inRepository('monitoring/rules/*.yaml')];
    const file = join(folder, 'prometheus.yml');
    writeFileSync(file, stringify(config));
    return file;
  }

  it('can be read, with its rules', () => {
    expect(say(promtool, 'check', 'config', 'monitoring/prometheus/prometheus.yml')).toContain('2 rule files found');
    expect(say(promtool, 'check', 'config', withPods())).toContain('2 rule files found');
    expect(say(promtool, 'check', 'config', 'monitoring/prometheus/compose.yml')).toContain('1 rule files found');
  });

  it('finds pods in a cluster, with the labels that the rules ask for, and no others', () => {
    const place = { namespace: 'zoo', pod_name: 'p' };
    const service = {
      ...place,
      [`pod_label_${labels.inService}`]: 'true',
      [`pod_label_${labels.model}`]: 'lynx',
      [`pod_label_${labels.track}`]: STABLE,
      pod_container_name: 'inference',
      pod_container_port_name: 'http',
    };
    const notAccepted = { ...service, [`pod_label_${labels.inService}`]: 'false' };
    const controller = {
      ...place,
      'pod_label_app.kubernetes.io/name': 'pawl',
      'pod_label_app.kubernetes.io/component': 'controller',
      pod_container_name: 'controller',
      pod_container_port_name: 'http',
    };
    const file = withPods(service, notAccepted, controller);
    const found = (job: string) =>
      (JSON.parse(say(promtool, 'check', 'service-discovery', file, job)) as { labels: Record<string, string> }[])
        .map((target) => target.labels)
        .filter((target) => Object.keys(target).length > 0);
    const seen = { namespace: 'zoo', pod: 'p', instance: '10.0.0.7:8000' };
    expect(found('pawl-models')).toEqual([expect.objectContaining({ ...seen, job: 'lynx-api', track: 'stable' })]);
    expect(found('pawl-controller')).toEqual([expect.objectContaining({ ...seen, job: 'pawl-controller' })]);
  });
});

describeWhenSet('PAWL_TEST_AMTOOL', 'the configuration of Alertmanager, for amtool', (amtool) => {
  const config = 'monitoring/alertmanager/alertmanager.yml';
  /** What a template makes of tests/notification.json. */
  const rendered = (template: string, type: 'text' | 'html' = 'text') =>
    say(
      amtool,
      ...['template', 'render', `--template.type=${type}`, '--template.glob=monitoring/alertmanager/*.tmpl'],
      ...['--template.data=monitoring/tests/notification.json', `--template.text={{ template "${template}" . }}`],
    ).trim();

  it('can be read, with its templates', () => {
    expect(say(amtool, 'check-config', config)).toContain('1 templates');
  });

  it.each([
    ['critical', 'on-call'],
    ['warning', 'team'],
  ])('sends what is %s to %s', (severity, receiver) => {
    const given = [`--config.file=${config}`, `--verify.receivers=${receiver}`, `severity=${severity}`];
    expect(alerts.some((alert) => alert.severity === severity)).toBe(true);
    say(amtool, 'config', 'routes', 'test', ...given);
  });

  it('says in a message what is wrong, where, and what to do', () => {
    expect(rendered('pawl.subject')).toBe('[FIRING 1] catdog in zoo');
    expect(rendered('pawl.slack.color')).toBe('danger');
    expect(rendered('pawl.slack.text').split('\n')).toEqual([
      '*PawlModelMissing* (critical): No pod serves catdog. <https://wiki.example/pets#pawlmodelmissing|What to do>',
      '*PawlInputDrift* (over): Pictures <img src=x> changed. The statistic that differs most: brightness. <https://wiki.example/pets#pawlinputdrift|What to do>',
    ]);
  });

  it('writes an e-mail in which nothing of an alert is HTML', () => {
    const html = rendered('pawl.email.html', 'html');
    expect(html).toContain('<a href="https://wiki.example/pets#pawlmodelmissing">What to do</a>');
    expect(html).toContain('critical, since 2026-01-02 03:04 UTC');
    expect(html).toContain('Pictures &lt;img src=x&gt; changed.');
  });
});
