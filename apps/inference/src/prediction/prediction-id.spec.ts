import { PredictionIds } from './prediction-id.ts';

const answer = { label: 'cat', confidence: 0.92314, probabilities: { cat: 0.92314, dog: 0.07686 } };
const model = { name: 'catdog', version: '1.2.3' };
const secret = 'a secret of more than sixteen characters';
const older = 'the secret that signed before this one';

describe('PredictionIds', () => {
  it('gives the claims back', () => {
    const ids = new PredictionIds(secret, [], () => 1_700_000_000_000);
    const claims = {
      time: 1_700_000_000_000,
      model: 'catdog',
      version: '1.2.3',
      label: 'cat',
      abstained: false,
      confidence: 0.9231,
    };
    expect(ids.verify(ids.issue(answer, model))?.claims).toEqual(claims);
    expect(ids.verify(ids.issue({ ...answer, abstained: true }, model))?.claims).toEqual({
      ...claims,
      abstained: true,
    });
  });

  it('tells two equal predictions of the same instant apart', () => {
    const ids = new PredictionIds(secret, [], () => 1);
    const [a, b] = [ids.issue(answer, model), ids.issue(answer, model)];
    expect(a).not.toBe(b);
    expect(ids.verify(a)?.fingerprint).not.toEqual(ids.verify(b)?.fingerprint);
  });

  it('is accepted by another pod with the same secret, and by no other', () => {
    const id = new PredictionIds(secret).issue(answer, model);
    expect(new PredictionIds(secret).verify(id)?.claims).toMatchObject({ label: 'cat' });
    expect(new PredictionIds('another secret of some length').verify(id)).toBeUndefined();
    expect(new PredictionIds(undefined).verify(id)).toBeUndefined();
  });

  it('is accepted while its key is among the old ones, which sign nothing', () => {
    const before = new PredictionIds(older).issue(answer, model);
    const rotated = new PredictionIds(secret, [older, 'a key that is older still']);
    expect(rotated.verify(before)?.claims).toMatchObject({ label: 'cat' });
    expect(new PredictionIds(secret, []).verify(before)).toBeUndefined();
    expect(new PredictionIds(older).verify(rotated.issue(answer, model))).toBeUndefined();
  });

  it('has one fingerprint, whichever key is in front', () => {
    const id = new PredictionIds(older).issue(answer, model);
    const fingerprints = [new PredictionIds(older), new PredictionIds(secret, [older])].map(
      (ids) => ids.verify(id)?.fingerprint,
    );
    expect(fingerprints[0]).toEqual(fingerprints[1]);
    expect(fingerprints[0]).toHaveLength(16);
  });

  it.each(['', '.', 'x', 'x.y', 'a.b.c', '💥.💥', 'x'.repeat(100_000), `${'x'.repeat(2_000)}.${'y'.repeat(22)}`])(
    'refuses %p',
    (id) => {
      expect(new PredictionIds(secret).verify(id)).toBeUndefined();
    },
  );

  it('refuses every other spelling of an id', () => {
    const ids = new PredictionIds(secret);
    const id = ids.issue(answer, model);
    const last = id.at(-1) ?? '';
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const others = Array.from(alphabet)
      .filter((each) => each !== last)
      .map((each) => id.slice(0, -1) + each);
    expect([...others, `${id}.`, `${id}.x`, `${id}=`, ` ${id}`, `${id}\n`].filter((each) => ids.verify(each))).toEqual(
      [],
    );
  });

  it('refuses changed claims', () => {
    const ids = new PredictionIds(secret);
    const [, signature] = ids.issue(answer, model).split('.');
    const forged = Buffer.from('1|catdog|1.0.0|dog|0|0.9999|x').toString('base64url');
    expect(ids.verify(`${forged}.${signature}`)).toBeUndefined();
  });

  it.each([NaN, -5, 1.5, Infinity])('refuses a signed time that is none: %d', (time) => {
    const ids = new PredictionIds(secret, [], () => time);
    expect(ids.verify(ids.issue(answer, model))).toBeUndefined();
  });

  it('refuses signed claims of another number', () => {
    const ids = new PredictionIds(secret);
    expect(ids.verify(ids.issue(answer, { ...model, version: '1.0.0|cat' }))).toBeUndefined();
  });
});
