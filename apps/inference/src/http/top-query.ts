import type { IncomingMessage } from 'node:http';
import { PawlError } from '@pawl/shared/errors/pawl-error';

/**
 * How many probabilities a request asks for by `?top=K`; 0: all of them, undefined: it does not say.
 * @throws PawlError REQUEST_INVALID for anything but one whole number.
 */
export function topOf(request: Pick<IncomingMessage, 'url'>): number | undefined {
  const [, query = ''] = (request.url ?? '').split('?', 2);
  const given = new URLSearchParams(query).getAll('top');
  const [value] = given;
  if (value === undefined) return undefined;
  if (given.length > 1 || !/^\d{1,6}$/.test(value))
    throw new PawlError('REQUEST_INVALID', {
      message: `top=${JSON.stringify(given.join(',').slice(0, 40))}: expected one whole number, 0 or more.`,
      hint: 'Send ?top=5 for the five largest probabilities, or leave it out.',
    });
  return Number(value);
}
