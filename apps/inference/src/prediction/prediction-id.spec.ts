import { PredictionIds } from './prediction-id.ts';

const answer = { label: 'cat', confidence: 0.92314, probabilities: { cat: 0.92314, dog: 0.07686 } };
const secret = 'a secret of more than sixteen characters';

describe('PredictionIds', () => {
  it('gives the claims back', () => {
    const ids = new PredictionIds(secret, () => 1_700_000_000_000);
    expect(ids.verify(ids.issue(answer, '1.2.3'))).toEqual({
      time: 1_700_000_000_000,
      version: '1.2.3',
      label: 'cat',
      confidence: 0.9231,
    });
  });

  it('tells two equal predictions of the same instant apart', () => {
    const ids = new PredictionIds(secret, () => 1);
    expect(ids.issue(answer, '1.0.0')).not.toBe(ids.issue(answer, '1.0.0'));
  });

  it('is accepted by another pod with the same secret, and by no other', () => {
    const id = new PredictionIds(secret).issue(answer, '1.0.0');
    expect(new PredictionIds(secret).verify(id)).toMatchObject({ label: 'cat' });
    expect(new PredictionIds('another secret of some length').verify(id)).toBeUndefined();
    expect(new PredictionIds(undefined).verify(id)).toBeUndefined();
  });

  it.each(['', '.', 'x', 'x.y', 'a.b.c', '💥.💥'])('refuses %p', (id) => {
    expect(new PredictionIds(secret).verify(id)).toBeUndefined();
  });

  it('refuses changed claims', () => {
    const ids = new PredictionIds(secret);
    const [, signature] = ids.issue(answer, '1.0.0').split('.');
    const forged = Buffer.from('1|1.0.0|dog|0.9999|x').toString('base64url');
    expect(ids.verify(`${forged}.${signature}`)).toBeUndefined();
  });
});
