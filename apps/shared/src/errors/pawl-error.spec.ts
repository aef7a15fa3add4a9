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

  it('prefers the hint of the place that raised it, and keeps the cause', () => {
    const cause = new Error('ENOENT');
    const error = new PawlError('BUNDLE_NOT_FOUND', { message: 'no bundle', hint: 'publish it first', cause });
    expect(error).toMatchObject({ hint: 'publish it first', cause, message: 'no bundle' });
  });
});
