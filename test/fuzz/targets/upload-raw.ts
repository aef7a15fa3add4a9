import { readRaw } from '../../../apps/inference/src/http/upload/raw-reader.ts';
import { ensure, type FuzzTarget } from '../engine/target.ts';
import { aRequest, BUDGET_BYTES, drain, someBudget } from '../support/upload.ts';

const MAX_FILE_BYTES = 20_000;

/** Bodies that are the image itself, in chunks of any size, by clients. */
export const target: FuzzTarget = {
  kind: 'bytes',
  codes: ['FILE_TOO_LARGE', 'FILE_EMPTY', 'OVERLOADED', 'UPLOAD_INCOMPLETE'],
  iterations: 500,
  seeds: () =>
    Promise.resolve([Buffer.alloc(0), Buffer.alloc(1, 1), Buffer.alloc(5_000, 2), Buffer.alloc(MAX_FILE_BYTES, 3)]),
  run: async (input, random) => {
    const budget = someBudget();
    const reservation = budget.reserve(() => undefined);
    const request = aRequest(input, random, { 'content-type': 'image/jpeg' });
    try {
      const files = await readRaw(request, MAX_FILE_BYTES, reservation);
      ensure(Buffer.concat(files.flatMap(({ chunks }) => chunks)).equals(input), 'the file is the body');
      ensure(budget.held <= BUDGET_BYTES, 'no more is held than the budget');
    } finally {
      await drain(request);
      reservation.release();
      ensure(budget.held === 0, 'nothing is held afterwards');
    }
  },
};
