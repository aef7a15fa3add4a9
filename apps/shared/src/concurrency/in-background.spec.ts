import { inBackground } from './in-background.ts';

describe('inBackground', () => {
  it('hands a rejection to whoever answers for it', async () => {
    const failure = new Error('disk');
    const caught = new Promise((resolve) => {
      inBackground(Promise.reject(failure), resolve);
    });
    expect(await caught).toBe(failure);
  });

  it('says nothing of a promise that was kept', async () => {
    const errors: unknown[] = [];
    const kept = Promise.resolve('done');
    inBackground(kept, (error) => errors.push(error));
    await kept;
    expect(errors).toEqual([]);
  });
});
