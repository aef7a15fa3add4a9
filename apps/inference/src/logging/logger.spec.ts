import { createLogger } from './logger.ts';

/** The line that one call writes, as text. */
function written(fields: object, message: string): string {
  const lines: string[] = [];
  createLogger('debug', { write: (line) => void lines.push(line) }).error(fields, message);
  expect(lines).toHaveLength(1);
  return lines[0] ?? '';
}

describe('the log of the service', () => {
  it('is one JSON line with a time, a word for the level, fields and a sentence', () => {
    const line = JSON.parse(written({ port: 8000 }, 'listening')) as Record<string, unknown>;
    expect(line).toMatchObject({ level: 'error', port: 8000, message: 'listening' });
    expect(line['time']).toMatch(/^\d{4}-\d\d-\d\dT/);
  });

  it('shows no secret of an address: in a sentence, a field, an error, its stack, its cause or what it carries', () => {
    const secret = 'https://user:PASSWORD@store/m?sig=SECRET';
    const cause = Object.assign(new TypeError(`Invalid URL ${secret}`), { input: secret });
    const line = written(
      { uri: secret, nested: [{ uri: secret }], cause, err: new Error(`fetch of ${secret} failed`, { cause }) },
      `cannot get ${secret}.`,
    );
    expect(line).not.toMatch(/PASSWORD|SECRET/);
    expect(JSON.parse(line)).toMatchObject({
      uri: 'https://***@store/m?***',
      message: 'cannot get https://***@store/m?***.',
    });
  });
});
