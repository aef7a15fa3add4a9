import { startTestService, type TestService } from './support/test-service.ts';

const ORIGIN = 'https://app.example';
let service: TestService;
const start = async (env: Record<string, string> = {}): Promise<void> => {
  service = await startTestService({ env });
};
afterEach(async () => {
  await service.app.close();
});

const ask = (
  origin: string,
  { headers = {}, ...init }: Omit<RequestInit, 'headers'> & { headers?: Record<string, string> } = {},
) => fetch(`${service.url}/predict`, { ...init, headers: { origin, ...headers } });
const preflight = (origin: string) =>
  ask(origin, {
    method: 'OPTIONS',
    headers: { 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
  });
/** What a browser reads. */
const cors = ({ headers }: Response) =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-')));

describe('scripts of other origins', () => {
  it('get no leave unless it is set', async () => {
    await start();
    const response = await preflight(ORIGIN);
    expect([response.status, cors(response)]).toEqual([405, {}]);
    expect(cors(await ask(ORIGIN))).toEqual({});
  });

  it('of the list may ask, without credentials, and read refusals too', async () => {
    await start({ CORS_ORIGINS: `${ORIGIN},http://localhost:5173`, CLIENT_MAX_BYTES_PER_SECOND: '1' });
    const response = await preflight(ORIGIN);
    expect(response.status).toBe(204);
    expect(cors(response)).toEqual({
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-methods': 'GET,HEAD,POST',
      'access-control-allow-headers': 'content-type',
      'access-control-expose-headers': 'X-Request-Id,Retry-After,ETag',
      'access-control-max-age': '600',
    });
    expect(response.headers.get('vary')).toContain('Origin');
    const body = 'x'.repeat(1_000);
    const text = { 'content-type': 'text/plain' };
    expect((await ask(ORIGIN, { method: 'POST', body, headers: text })).status).toBe(415);
    const refused = await ask(ORIGIN, { method: 'POST', body, headers: text });
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([429, ORIGIN]);
  });

  it('of no list, and the origin "null", get no leave', async () => {
    await start({ CORS_ORIGINS: ORIGIN });
    for (const origin of ['https://evil.example', 'null', `${ORIGIN}.evil.example`])
      expect(cors(await preflight(origin))).not.toHaveProperty('access-control-allow-origin');
  });

  it('may all ask where that is set, still without credentials', async () => {
    await start({ CORS_ORIGINS: '*' });
    const allowed = cors(await preflight('https://any.example'));
    expect(allowed).toMatchObject({ 'access-control-allow-origin': '*' });
    expect(allowed).not.toHaveProperty('access-control-allow-credentials');
  });
});
