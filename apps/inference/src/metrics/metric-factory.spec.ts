import { register } from 'prom-client';
import { MetricFactory } from './metric-factory.ts';

const depth = { suffix: 'depth', help: 'How deep.', labels: [] };

describe('MetricFactory', () => {
  beforeEach(() => {
    register.clear();
  });

  it('puts the name of the model before every name', async () => {
    const metrics = new MetricFactory('catdog');
    metrics.counter({ suffix: 'seen_total', help: 'Seen.', labels: ['label'] }).inc({ label: 'cat' });
    metrics.histogram({ suffix: 'size_bytes', help: 'Size.', labels: [], buckets: [1, 10] }).observe({}, 5);
    metrics.gauge(depth).set(3);
    const lines = (await register.metrics()).split('\n');
    expect(lines).toContain('catdog_seen_total{label="cat"} 1');
    expect(lines).toContain('catdog_size_bytes_bucket{le="1"} 0');
    expect(lines).toContain('catdog_size_bytes_bucket{le="10"} 1');
    expect(lines).toContain('catdog_depth 3');
  });

  it('makes a series before its first event', async () => {
    const seen = new MetricFactory('catdog').counter({ suffix: 'seen_total', help: 'Seen.', labels: ['label'] });
    seen.inc({ label: 'cat' }, 0);
    expect(await register.metrics()).toContain('catdog_seen_total{label="cat"} 0');
  });

  it('refuses a name that was declared before, also for another kind of metric', () => {
    const metrics = new MetricFactory('catdog');
    metrics.gauge(depth);
    expect(() => metrics.counter(depth)).toThrow('the metric depth is declared twice');
  });

  it('reads observed gauges at every scrape, and forgets labels that are gone', async () => {
    let readings = [{ labels: { version: '1' }, value: 1 }];
    new MetricFactory('catdog').observed({ suffix: 'info', help: 'Info.', labels: ['version'] }, () => readings);
    expect(await register.metrics()).toContain('catdog_info{version="1"} 1');
    readings = [{ labels: { version: '2' }, value: 1 }];
    const text = await register.metrics();
    expect(text).toContain('catdog_info{version="2"} 1');
    expect(text).not.toContain('version="1"');
  });

  it('begins with the name of the model, where that comes later, and takes no second one', async () => {
    const metrics = new MetricFactory(undefined);
    const seen = metrics.counter({ suffix: 'seen_total', help: 'Seen.', labels: [] });
    const size = metrics.histogram({ suffix: 'size_bytes', help: 'Size.', labels: [], buckets: [1] });
    const set = metrics.gauge(depth);
    metrics.observed({ ...depth, suffix: 'width' }, () => 7);
    seen.inc({});
    expect(await register.metrics()).toBe('\n');
    metrics.nameModel('birds');
    metrics.nameModel('catdog');
    seen.inc({});
    size.observe({}, 5);
    set.set(3);
    const lines = (await register.metrics()).split('\n');
    expect(lines).toEqual(
      expect.arrayContaining(['birds_seen_total 1', 'birds_size_bytes_count 1', 'birds_depth 3', 'birds_width 7']),
    );
    expect(lines.join()).not.toContain('catdog');
  });

  it('replaces the metrics of a service that ran before in this process', async () => {
    new MetricFactory('catdog').observed(depth, () => 1);
    new MetricFactory('catdog').observed(depth, () => 2);
    expect(await register.metrics()).toContain('catdog_depth 2');
  });
});
