import { periodBefore, timeOf } from './period.ts';
import { scopeOf, selectorOf } from './selector.ts';
import { prometheusSettings } from './settings.ts';

const refusal = (act: () => unknown): unknown => {
  try {
    return act();
  } catch (error) {
    return error;
  }
};

describe('a period', () => {
  it.each([
    ['an hour', 3600, 60, 60],
    ['a day', 86_400, 288, 300],
    ['a week', 604_800, 168, 3600],
    ['30 days', 30 * 86_400, 240, 10_800],
    ['a year', 366 * 86_400, 300, 105_408],
  ])('of %s has at most 300 steps', (_, seconds, steps, stepSeconds) => {
    const period = periodBefore(new Date('2026-11-30T04:00:00.900Z'), seconds);
    expect([period.steps, period.stepSeconds]).toEqual([steps, stepSeconds]);
    expect(period.steps).toBeLessThanOrEqual(300);
    expect(period.end - period.start).toBe(period.steps * period.stepSeconds);
    expect(period.end - period.start).toBeGreaterThanOrEqual(seconds);
    expect(timeOf(period, period.steps - 1).toISOString()).toBe('2026-11-30T04:00:00.000Z');
  });
});

describe('a selector', () => {
  it('names the metrics of the model and the labels that are wanted', () => {
    const scope = scopeOf('catdog', [
      ['namespace', 'prod'],
      ['team', 'a"b\\c'],
    ]);
    expect(selectorOf(scope, ['request_total', 'model_info'])).toBe(
      '{__name__=~"catdog_(request_total|model_info)",namespace="prod",team="a\\"b\\\\c"}',
    );
  });

  it.each(['', 'cat-dog', 'x"}', 'a b', '.*'])('is not made of "%s"', (model) => {
    expect(refusal(() => scopeOf(model, []))).toMatchObject({ code: 'USAGE' });
  });
});

describe('the settings of Prometheus', () => {
  const settings = (url: string, env = {}) => refusal(() => prometheusSettings(url, env));

  it('keep the prefix of a proxy, and drop query and fragment', () => {
    expect(settings('https://thanos.example.com/prom//?x=1#y')).toEqual({
      url: 'https://thanos.example.com/prom/',
      authorization: undefined,
    });
  });

  it.each([
    [{ PROMETHEUS_TOKEN: 't0ken' }, 'Bearer t0ken'],
    [{ PROMETHEUS_USERNAME: 'me', PROMETHEUS_PASSWORD: 'pass' }, `Basic ${Buffer.from('me:pass').toString('base64')}`],
    [{ PROMETHEUS_TOKEN: '' }, undefined],
  ])('take credentials from the environment: %o', (env, authorization) => {
    expect(settings('http://localhost:9090', env)).toMatchObject({ authorization });
  });

  it.each([
    ['localhost:9090', {}],
    ['file:///etc/passwd', {}],
    ['no address', {}],
    ['http://me:pass@localhost:9090', {}],
    ['http://localhost:9090', { PROMETHEUS_TOKEN: 'pass\nX: y' }],
    ['http://localhost:9090', { PROMETHEUS_TOKEN: 'pass', PROMETHEUS_USERNAME: 'me' }],
  ])('are refused without a word of what is secret: %s %o', (url, env) => {
    const error = settings(url, env);
    expect(error).toMatchObject({ code: 'USAGE' });
    expect(String(error)).not.toMatch(/pass\b(?!word)/);
  });
});
