import { CliError } from '../../../errors/cli-error.ts';
import { assertRatchet } from './golden-ratchet.ts';

const candidate = (name: string) => ({ name, file: name, label: 'cat', bytes: new Uint8Array() });
const before = { name: 'catdog 1.0.0', golden: [candidate('golden/cat-a.jpg'), candidate('golden/cat-b.jpg')] };
const wrong = (name: string) => ({ name, label: 'cat', answered: 'dog' });
const refusal = (answers: Parameters<typeof assertRatchet>[1], of: Parameters<typeof assertRatchet>[0] = before) => {
  try {
    assertRatchet(of, answers);
  } catch (error) {
    if (error instanceof CliError) return `${error.code}: ${error.message} ${error.hint}`;
    throw error;
  }
  return undefined;
};

describe('golden images of what is replaced', () => {
  it('are answered rightly by what comes after it', () => {
    expect(refusal({ wrong: [], narrow: [] })).toBeUndefined();
    expect(refusal({ wrong: [wrong('golden/cat-b.jpg')], narrow: [] })).toMatch(
      /^GATE_FAILED: .*catdog 1\.0\.0 answers a golden image rightly .*: golden\/cat-b\.jpg is cat, and the model says dog\. .*--drop-golden golden\/cat-b\.jpg$/,
    );
  });

  it('are also lost where their answer is too narrow to be compared', () => {
    const narrow = [{ name: 'golden/cat-a.jpg', problem: 'cat wins by 0.01' }];
    expect(refusal({ wrong: [wrong('golden/cat-b.jpg')], narrow })).toMatch(
      /2 golden images .*cat-a\.jpg: cat wins by 0\.01/,
    );
  });

  it('are not those that would be new, and none where nothing is replaced', () => {
    expect(refusal({ wrong: [wrong('/photos/cat/new.jpg')], narrow: [] })).toBeUndefined();
    expect(refusal({ wrong: [wrong('golden/cat-b.jpg')], narrow: [] }, { ...before, golden: [] })).toBeUndefined();
    expect(() => {
      assertRatchet(undefined, { wrong: [wrong('golden/cat-b.jpg')], narrow: [] });
    }).not.toThrow();
  });
});
