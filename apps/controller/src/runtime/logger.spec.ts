import { createLogger } from './logger.ts';

/** The line that one call writes, as the object it encodes. */
function logged(fields: object): Record<string, unknown> {
  const lines: string[] = [];
  createLogger('debug', { write: (line) => void lines.push(line) }).error(fields, 'It failed.');
  expect(lines).toHaveLength(1);
  return JSON.parse(lines[0]!) as Record<string, unknown>;
}

describe('createLogger', () => {
  it('writes one JSON line with a time, a word for the level, fields and a sentence', () => {
    const entry = logged({ key: 'ns/a', reason: 'BadDigest' });
    expect(entry).toMatchObject({ level: 'error', key: 'ns/a', reason: 'BadDigest', message: 'It failed.' });
    expect(entry['time']).toMatch(/^\d{4}-\d\d-\d\dT/);
  });

  it('hides fields that are named like secrets, at any depth', () => {
    const entry = logged({
      headers: { Authorization: 'Bearer abc', accept: 'x' },
      options: [{ token: 't', clientKey: 'k', 'client-key-data': 'k' }],
      password: 'p',
      tokens: 5,
    });
    expect(entry).toMatchObject({
      headers: { Authorization: '[redacted]', accept: 'x' },
      options: [{ token: '[redacted]', clientKey: '[redacted]', 'client-key-data': '[redacted]' }],
      password: '[redacted]',
      tokens: 5,
    });
  });

  it('hides credentials inside text', () => {
    expect(logged({ text: 'sent Bearer eyJhbGciOi.J9.x-y_z and more' })['text']).toBe(
      'sent Bearer [redacted] and more',
    );
  });

  it('hides user information and queries of addresses, also in the sentence', () => {
    const lines: string[] = [];
    const secret = 'https://user:PASSWORD@store/m?sig=SECRET';
    createLogger('debug', { write: (line) => void lines.push(line) }).warn({ uri: secret }, `cannot get ${secret}.`);
    expect(JSON.parse(lines.join(''))).toMatchObject({
      uri: 'https://***@store/m?***',
      message: 'cannot get https://***@store/m?***.',
    });
  });

  it('writes only the useful fields of an error', () => {
    const error = Object.assign(new Error('refused with Bearer abcdefghijkl', { cause: new Error('inner') }), {
      status: 403,
      request: { headers: { cookie: 'c' } },
    });
    const { err } = logged({ err: error }) as { err: Record<string, unknown> };
    expect(err).toMatchObject({ type: 'Error', status: 403, message: 'refused with Bearer [redacted]' });
    expect(err['cause']).toMatchObject({ message: 'inner' });
    expect(JSON.stringify(err)).not.toMatch(/abcdefghijkl|cookie/);
  });

  it('survives an object that contains itself', () => {
    const knot: Record<string, unknown> = {};
    knot['self'] = knot;
    expect(logged({ knot })['knot']).toBeDefined();
  });
});
