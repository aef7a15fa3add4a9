import { PawlError } from './pawl-error.ts';
import { errorCodes } from './error-codes.ts';

describe('PawlError', () => {
  it('takes status, retry meaning and hint from the table', () => {
    const error = new PawlError('OVERLOADED', { message: 'the queue is full' });
    expect({ status: error.status, transient: error.transient, hint: error.hint }).toEqual({
      status: 429,
      transient: true,
      hint: errorCodes.OVERLOADED.hint,
    });
  });

  it('shows no secret of an address, in no part', () => {
    const error = new PawlError('BUNDLE_STORE_REFUSED', {
      message: 'got 500 from https://user:PASSWORD@store/m?sig=SECRET',
      hint: 'look at ftp://user:PASSWORD@store/m',
    });
    expect([error.message, error.hint, error.stack]).toEqual([
      'got 500 from https://***@store/m?***',
      'look at ftp://***@store/m',
      expect.not.stringMatching(/PASSWORD|SECRET/),
    ]);
  });

  it('prefers the hint of the place that raised it, and keeps the cause', () => {
    const cause = new Error('ENOENT');
    const error = new PawlError('BUNDLE_NOT_FOUND', { message: 'no bundle', hint: 'publish it first', cause });
    expect(error).toMatchObject({ hint: 'publish it first', cause, message: 'no bundle' });
  });

  it('repeats what a stranger wrote without control characters, and not for megabytes', () => {
    const error = new PawlError('BUNDLE_MANIFEST_INVALID', { message: `unknown key \u001b[2J${'x'.repeat(10_000)}` });
    expect(error.message).toMatch(/^unknown key \ufffd\[2Jx+…$/);
    expect(error.message).toHaveLength(4_096);
  });
});
