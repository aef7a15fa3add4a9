import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelVersion } from '@pawl/shared/modelversion/model-version';
import { cleanFolders } from '@pawl/test-kit/bundles';
import { ago, failedFor } from './support/objects.ts';
import { PromotionFixture } from './support/promotion-fixture.ts';

const stops: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  await cleanFolders();
});

/** A real server on this machine. @returns its address, without a slash at the end. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(
    () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  );
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** What the controller serves: the object, and when it was so. */
function observed(version: ModelVersion, seconds = 10): ModelVersion {
  const { metadata } = version;
  return { ...version, metadata: { ...metadata, annotations: { 'pawl.dev/observed-at': ago(seconds) } } };
}

const hang: RequestListener = (request) => void request.resume();

describe('pawl promote --verdict', () => {
  it('takes a file, and asks no cluster', async () => {
    const fixture = await PromotionFixture.make('1.0.0');
    await writeFile(join(fixture.folder, 'verdict.json'), JSON.stringify(observed(fixture.proof('1.0.0'))));
    const { code, out, err, connected } = await fixture.promote('--verdict', '../verdict.json');
    expect({ code, err, connected }).toEqual({ code: 0, err: '', connected: [] });
    expect(out).toMatch(/observed +10s ago\n[^]*serving +for 119m of 60m/);
  });

  it('takes an address, adds the name of the object to a folder, and reads it anew before every push', async () => {
    const fixture = await PromotionFixture.make('1.0.0');
    const asked: (string | undefined)[] = [];
    const address = await serve((request, response) => {
      asked.push(request.url);
      response.setHeader('content-type', 'application/json').end(JSON.stringify(observed(fixture.proof('1.0.0'))));
    });
    await fixture.othersPushFirst(async (clone) => {
      await fixture.write('other.txt', 'theirs\n', clone);
      await fixture.commit('Theirs', clone);
    });
    const { code, err } = await fixture.promote('--verdict', `${address}/verdicts/`, '--push');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(asked).toEqual(['/verdicts/catdog-1-0-0', '/verdicts/catdog-1-0-0']);
    expect(await fixture.git('rev-parse', 'HEAD')).toBe(await fixture.git('rev-parse', 'origin/main'));
  });

  it.each<[string, number, string, (object: ModelVersion) => unknown, RegExp]>([
    ['too old', 1, 'VERDICT_OLD', (object) => observed(object, 1200), /observed 20m ago.*at most 15m counts/],
    [
      'from the future',
      1,
      'VERDICT_OLD',
      (object) => observed(object, -61),
      /which is 61s from now[^]*clocks is wrong/,
    ],
    ['of no time', 1, 'VERDICT_INVALID', (object) => object, /does not say when it was true[^]*GET \/verdicts\/NAME/],
    [
      'of a time that is none',
      1,
      'VERDICT_INVALID',
      (object) => ({ ...object, metadata: { ...object.metadata, annotations: { 'pawl.dev/observed-at': 'today' } } }),
      /observed-at is today/,
    ],
    ['of another kind', 1, 'VERDICT_INVALID', (object) => ({ ...object, kind: 'Pod' }), /not a verdict: kind/],
    [
      'of another version',
      1,
      'VERDICT_INVALID',
      (object) => observed({ ...object, spec: { ...object.spec, version: '0.9.0' } }),
      /of catdog 0.9.0 .*; catdog 1.0.0 .* was expected/,
    ],
    [
      'of another environment',
      1,
      'VERDICT_INVALID',
      (object) => observed({ ...object, metadata: { ...object.metadata, namespace: 'pawl-prod' } }),
      /of namespace pawl-prod; pawl-staging was expected/,
    ],
    [
      'of a failure',
      1,
      'NOT_SERVING',
      (object) => observed(failedFor('CanaryCrashed')(object)),
      /is Failed: CanaryCrashed/,
    ],
  ])('a verdict %s is refused', async (_, code, errorCode, change, message) => {
    const fixture = await PromotionFixture.make('1.0.0');
    const address = await serve((_request, response) => {
      response.end(JSON.stringify(change(fixture.proof('1.0.0'))));
    });
    const outcome = await fixture.promote('--verdict', `${address}/v`);
    expect(outcome.code).toBe(code);
    expect(outcome.err).toContain(`[${errorCode}]`);
    expect(outcome.err).toMatch(message);
    expect(await fixture.models()).toEqual([]);
  });

  it('lets an older one count when it is told to, and does not count what came after it', async () => {
    const fixture = await PromotionFixture.make('1.0.0');
    const address = await serve((_request, response) => {
      // It served for two hours by now, and for half an hour when it was seen.
      response.end(JSON.stringify(observed(fixture.proof('1.0.0'), 5400)));
    });
    const refused = await fixture.promote('--verdict', address, '--max-age', '2h');
    expect(refused.err).toMatch(/\[VERDICT_NOT_FOUND\]|\[NOT_SERVING_LONG\]/);
    expect(refused.err).toMatch(/has served for 30m; prod asks for 60m/);
    expect((await fixture.promote('--verdict', address, '--max-age', '2h', '--serving-for', '30m')).code).toBe(0);
  });

  it.each<[string, number, RequestListener, RegExp]>([
    [
      'answers 404',
      4,
      (_, response) => void response.writeHead(404).end(),
      /has no verdict \(HTTP 404\)[^]*catdog-1-0-0/,
    ],
    [
      'answers 503',
      3,
      (_, response) => void response.writeHead(503).end('secret'),
      /HTTP 503. \[VERDICT_UNREACHABLE\]/,
    ],
    [
      'redirects',
      3,
      (_, response) => void response.writeHead(302, { location: 'https://else.example/v?token=of-a-secret' }).end(),
      /redirects to https:\/\/else.example\/v, and redirects are not followed/,
    ],
    [
      'is no JSON',
      1,
      (_, response) => void response.end('<html>of-a-secret</html>'),
      /is not a verdict: it is not JSON/,
    ],
    ['is JSON of nothing', 1, (_, response) => void response.end('null'), /VERDICT_INVALID/],
    [
      'never ends',
      1,
      (_, response) => {
        const chunk = Buffer.alloc(256 * 1024, 32);
        const more = () => {
          while (!response.destroyed && response.write(chunk));
        };
        response.on('drain', more);
        more();
      },
      /more than 2 MiB/,
    ],
    ['cuts the connection', 3, (request) => request.socket.destroy(), /gives no verdict: .*cut.*VERDICT_UNREACHABLE/],
    ['never answers', 3, hang, /no answer within 0.2 s/],
    [
      'stops in the middle',
      3,
      (_, response) => {
        response.writeHead(200, { 'content-length': '100' }).write('{');
      },
      /no answer within 0.2 s/,
    ],
  ])('an address that %s: exit code %i', async (_, code, listener, message) => {
    const fixture = await PromotionFixture.make('1.0.0');
    const address = await serve(listener);
    // Only what waits for nothing has so little time.
    const patience = listener === hang || code === 3 ? '200ms' : '10s';
    const outcome = await fixture.promote('--verdict', `${address}/verdicts/`, '--request-timeout', patience);
    expect(outcome.code).toBe(code);
    expect(outcome.err).toMatch(message);
    expect(outcome.err + outcome.out).not.toContain('of-a-secret');
    expect(await fixture.models()).toEqual([]);
  });

  it('says what stands in the way of a file or an address', async () => {
    const fixture = await PromotionFixture.make('1.0.0');
    const port = await serve(hang);
    for (const stop of stops.splice(0)) await stop();
    const cases: readonly (readonly [string, number, RegExp])[] = [
      ['nowhere.json', 4, /no verdict file nowhere.json[^]*curl/],
      ['.', 1, /cannot be read \(EISDIR\)/],
      [`${port}/verdicts/`, 3, /the connection was refused/],
      ['https://ann:of-a-secret@staging.example/', 2, /holds a user name or password/],
      ['ftp://staging.example/', 2, /expected http:\/\/ or https:\/\//],
      ['http://', 2, /is no address/],
    ];
    for (const [location, code, message] of cases) {
      const outcome = await fixture.promote('--verdict', location);
      expect(outcome.code).toBe(code);
      expect(outcome.err).toMatch(message);
      expect(outcome.err).not.toContain('of-a-secret');
    }
  });

  it('stops when it is interrupted', async () => {
    const fixture = await PromotionFixture.make('1.0.0');
    const interrupt = new AbortController();
    const address = await serve(() => {
      interrupt.abort();
    });
    const argv = ['promote', 'catdog', '--from', 'staging', '--to', 'prod', '--verdict', address];
    expect(await fixture.pawl(argv, { signal: interrupt.signal })).toMatchObject({ code: 130 });
    expect(await fixture.git('status', '--porcelain')).toBe('');
  });
});
