import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { pathOf } from './support/cluster.ts';
import type { TestEnvironment } from './support/environment.ts';
import { type Load, startLoadHere } from './support/load.ts';
import { shareOf } from './support/load-report.ts';
import { scenario, skippedScenario } from './support/scenario.ts';
import { type GatewaySettings, settings } from './support/settings.ts';
import { prepare } from './support/prepare.ts';
import { waitFor } from './support/wait.ts';

/** Name of the Gateway. */
const GATEWAY = 'e2e';

const gatewayTitle = 'a gateway splits the requests by exact weights, and none gets lost';
const { gateway } = settings();
if (gateway === undefined)
  describe('a gateway splits the requests', () => {
    skippedScenario('14', gatewayTitle, 'PAWL_TEST_GATEWAY');
  });
else
  describe('a gateway splits the requests', () => {
    const hostname = `e2e-${randomBytes(3).toString('hex')}.pawl.test`;
    const weights = [10, 35];
    const { fixture, offer } = prepare({
      values: { gateway: { enabled: true, parentRefs: [{ name: GATEWAY }], hostnames: [hostname] } },
      // Steps that last until they are suspended, however long that takes; what is measured then takes as long as they hold.
      policy: { canary: { steps: weights.map((weight) => ({ weight, holdSeconds: 20 })) } },
      load: (env) => throughGateway(env, gateway, hostname),
    });

    scenario(fixture, '14', gatewayTitle, async (run) => {
      const { env, load, note } = run;
      const { name, digest } = await offer('good');
      for (const [i, weight] of weights.entries()) {
        await env.waitForStep(name, i + 1, 1);
        await env.suspend(name, true);
        await env.waitForPhase(name, 'Suspended');
        // The gateway takes up new weights every other second.
        await load.answered(60, await load.mark());
        const from = await load.mark();
        await load.answered(250, from);
        const report = await run.report(from);
        const share = shareOf(report, digest);
        note(`${weight} % wanted, ${(share * 100).toFixed(1)} % of ${report.ok} measured`);
        // Four standard deviations, should the gateway draw lots instead of taking turns.
        const wanted = weight / 100;
        expect(Math.abs(share - wanted)).toBeLessThan(4 * Math.sqrt((wanted * (1 - wanted)) / report.ok));
        await env.suspend(name, false);
      }
      await env.waitForPhase(name, 'Serving');
      await env.settle();
      await run.answersOnlyFrom(digest);
    });

    scenario(fixture, '14b', 'wrong weights are taken off the gateway', async (run) => {
      const before = await run.env.settle();
      const { name } = await offer('subtle');
      await run.env.waitForFailure(name, 'PredictionsShifted');
      await run.env.settle();
      await run.answersOnlyFrom(before.spec.artifact.digest);
    });

    scenario(fixture, '14d', 'a version that is aborted leaves the gateway without a lost request', async (run) => {
      const before = await run.env.settle();
      const { name, digest } = await offer('good');
      await run.env.waitForStep(name, 1, 1);
      await run.env.act(name, 'abort');
      await run.env.waitForFailure(name, 'Aborted');
      await run.env.settle();
      await run.answersOnlyFrom(before.spec.artifact.digest);
      expect((await run.report()).byDigest[digest]?.requests).toBeGreaterThan(0);
    });

    scenario(fixture, '14c', 'a gateway that is switched off leaves no route behind', async ({ env, load }) => {
      await load.answered(20, await load.mark());
      const route = pathOf.group(
        'gateway.networking.k8s.io/v1',
        env.namespace,
        'httproutes',
        (await env.stable()).metadata.name,
      );
      expect(await env.cluster.find(route)).toBeDefined();
      // Who still comes this way is refused, which is what was asked for.
      await load.setRate(0);
      await load.between(0);
      await env.upgrade({ gateway: { enabled: false } });
      await waitFor('the end of the route', async () =>
        (await env.cluster.find(route)) === undefined ? true : undefined,
      );
    });
  });

/** Makes a Gateway of the class under test and sends through it, from here: pods do not reach its address. */
async function throughGateway(
  env: TestEnvironment,
  { className, host, port }: GatewaySettings,
  hostname: string,
): Promise<Load> {
  await env.cluster.apply(pathOf.group('gateway.networking.k8s.io/v1', env.namespace, 'gateways', GATEWAY), {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name: GATEWAY },
    spec: { gatewayClassName: className, listeners: [{ name: 'http', protocol: 'HTTP', port }] },
  });
  const status = () =>
    new Promise<number | undefined>((resolve, reject) => {
      request({ host, port, path: '/readyz', headers: { host: hostname } }, (response) => {
        response.resume();
        resolve(response.statusCode === 200 ? 200 : undefined);
      })
        .on('error', reject)
        .end();
    });
  await waitFor(`an answer through the gateway at ${host}:${port}`, status);
  return await startLoadHere({ target: `${host}:${port}`, rate: 20, hostHeader: hostname });
}
