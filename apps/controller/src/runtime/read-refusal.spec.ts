import { ApiError, ApiUnreachable } from '@pawl/shared/kubernetes/api-error';
import { ReadRefusals } from './read-refusal.ts';

const forbidden = new ApiError(403, 'Forbidden', 'may not watch pods');

describe('refused reads', () => {
  it('are counted in a row, and told', () => {
    let changes = 0;
    const refusals = new ReadRefusals(() => (changes += 1));
    refusals.succeeded(false);
    refusals.failed(new ApiUnreachable('reset'), false);
    expect([refusals.last, changes]).toEqual([undefined, 0]);
    refusals.failed(forbidden, false);
    refusals.failed(forbidden, false);
    expect(refusals.last).toMatchObject({ error: forbidden, times: 2 });
    refusals.succeeded(false);
    expect([refusals.last, changes]).toEqual([undefined, 3]);
  });

  it('of a watch last until a watch is shown, whatever is listed meanwhile', () => {
    const refusals = new ReadRefusals(() => undefined);
    refusals.failed(forbidden, true);
    refusals.succeeded(false);
    expect(refusals.last?.times).toBe(1);
    refusals.succeeded(true);
    expect(refusals.last).toBeUndefined();
  });
});
