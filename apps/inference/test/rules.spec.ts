import { readFileSync } from 'node:fs';
import { inRepository } from '@pawl/test-kit/repository';
import { register } from 'prom-client';
import { startTestService, type TestService } from './support/test-service.ts';

/** Labels that a scrape adds. */
const ofTheScrape = ['job', 'namespace', 'track', 'pod'];
/** What is there only with a part of the service that is off by default: the prediction log. */
const optional = ['prediction_log_total'];

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(async () => {
  await service.app.close();
});

/** The selectors of the rules: names of metrics without the model's name before them, with the labels that they match. */
const selectors = [
  ...readFileSync(inRepository('monitoring/rules/catdog.yaml'), 'utf8').matchAll(/\bcatdog_(\w+)\{([^}]*)\}/g),
].map(([, name = '', matchers = '']) => ({
  name,
  labels: [...matchers.matchAll(/(\w+)[=!]~?"/g)].map(([, label = '']) => label),
}));

describe('the rules of Prometheus', () => {
  it('ask for metrics that the service has, by labels that they have', () => {
    expect(selectors.length).toBeGreaterThan(50);
    for (const { name, labels } of selectors) {
      const histogram = register.getSingleMetric(`catdog_${name.replace(/_(bucket|sum|count)$/, '')}`);
      const metric = register.getSingleMetric(`catdog_${name}`) ?? histogram;
      if (metric === undefined && optional.includes(name)) continue;
      // prom-client keeps the names of labels with the metric, though its types do not say so.
      const { labelNames = [] } = (metric ?? {}) as { labelNames?: readonly string[] };
      const known = [...ofTheScrape, ...labelNames, ...(name.endsWith('_bucket') ? ['le'] : [])];
      expect({
        name,
        isThere: metric !== undefined,
        unknown: labels.filter((label) => !known.includes(label)),
      }).toEqual({
        name,
        isThere: true,
        unknown: [],
      });
    }
  });
});
