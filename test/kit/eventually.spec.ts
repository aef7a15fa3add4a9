import { eventually, GivenUp } from './eventually.ts';

describe('eventually', () => {
  it('asks until the answer is there, and returns it', async () => {
    const answers = [undefined, false, 'here', 'later'];

    expect(await eventually('an answer', () => answers.shift(), { everyMs: 0 })).toBe('here');
    expect(answers).toEqual(['later']);
  });

  it('takes an error for "not yet"', async () => {
    let asked = 0;
    const ask = () => {
      asked += 1;
      if (asked < 3) throw new Error('away');
      return true;
    };

    await eventually('a server that is back', ask, { everyMs: 0 });
    expect(asked).toBe(3);
  });

  it('says what it waited for, and why not', async () => {
    const away = () => Promise.reject(new Error('connection refused'));

    await expect(eventually('the server', away, { timeoutMs: 0 })).rejects.toMatchObject({
      message: 'waited 0 s without success for the server',
      cause: { message: 'connection refused' },
    });
  });

  it('ends at once when it is given up', async () => {
    let asked = 0;
    const giveUp = () => {
      asked += 1;
      throw new GivenUp('the process is gone');
    };

    await expect(eventually('the process', giveUp)).rejects.toThrow('the process is gone');
    expect(asked).toBe(1);
  });
});
