import { Interrupts } from './interrupts.ts';

describe('Ctrl-C', () => {
  it('asks the command to stop', () => {
    const interrupts = new Interrupts();
    expect(interrupts.signal.aborted).toBe(false);
    expect(interrupts.press(5_000)).toBe(false);
    expect(interrupts.signal.aborted).toBe(true);
  });

  it('that npx passes on within the second is the same one', () => {
    const interrupts = new Interrupts();
    interrupts.press(5_000);
    expect(interrupts.press(5_001)).toBe(false);
    expect(interrupts.press(6_000)).toBe(false);
  });

  it('is not repeated by a terminal that goes away while the command is stopping', () => {
    const interrupts = new Interrupts();
    interrupts.press(5_000, 'SIGINT');
    expect(interrupts.press(9_000, 'SIGHUP')).toBe(false);
    expect(interrupts.press(9_001, 'SIGINT')).toBe(true);
  });

  it('for the second time ends the program at once', () => {
    const interrupts = new Interrupts();
    interrupts.press(5_000);
    expect(interrupts.press(6_001)).toBe(true);
  });
});
