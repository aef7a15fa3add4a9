import { PawlError } from '@pawl/shared/errors/pawl-error';
import { textSeeds, type FuzzTarget } from '../../engine/target.ts';

const kept: unknown[] = [];

/** An error as it would be if its class let every message pass. */
const withMessage = (message: string) => Object.assign(new PawlError('FILE_EMPTY', { message: '' }), { message });

/** A reader with one defect of each kind, which the fuzzer must see; the first word of an input chooses it. */
const faults: Readonly<Record<string, (input: string) => unknown>> = {
  fine: () => undefined,
  refused: () => {
    throw new PawlError('FILE_EMPTY', { message: 'The file has 0 bytes.' });
  },
  'another code': () => {
    throw new PawlError('INTERNAL', { message: 'no' });
  },
  'another error': () => {
    throw new TypeError('x is not a function');
  },
  'a terminal': () => {
    throw withMessage('red \u001b[31m');
  },
  'a long message': (input) => {
    throw withMessage(input.repeat(5_000));
  },
  'a prototype': () => {
    (Object.prototype as { polluted?: boolean }).polluted = true;
  },
  'a crash': () => {
    process.abort();
  },
  'nobody listens': () => {
    void Promise.reject(new Error('unheard'));
  },
  'an endless loop': () => {
    for (;;);
  },
  memory: () => {
    kept.push(Buffer.alloc(300_000_000, 1));
  },
};

export const names = Object.keys(faults);

export const target: FuzzTarget = {
  kind: 'text',
  codes: ['FILE_EMPTY'],
  iterations: 1,
  seeds: () => Promise.resolve(textSeeds(...names)),
  run: (input) => faults[Buffer.from(input).toString('utf8')]?.(Buffer.from(input).toString('utf8')),
};
