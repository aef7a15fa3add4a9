import { aPredictionLine } from '@pawl/test-kit/prediction-lines';
import { readPredictionLine } from './prediction-line.ts';

describe('readPredictionLine', () => {
  it('reads back what was written', () => {
    const line = aPredictionLine();
    expect(readPredictionLine(JSON.stringify(line))).toEqual({ kind: 'prediction', line });
  });

  it('leaves out what a later version may add', () => {
    const line = aPredictionLine();
    expect(readPredictionLine(JSON.stringify({ ...line, colour: 'red' }))).toEqual({ kind: 'prediction', line });
  });

  it.each([
    ['{"time":', 'it is not JSON'],
    [JSON.stringify({ ...aPredictionLine(), confidence: 'high' }), /^confidence: /],
    [JSON.stringify({ ...aPredictionLine(), time: 'yesterday' }), /^time: /],
    [JSON.stringify({ ...aPredictionLine(), probabilities: { cat: null } }), /^probabilities.cat: /],
  ])('says what is wrong with %s', (text, problem) => {
    expect(readPredictionLine(text)).toEqual({
      kind: 'bad',
      problem: typeof problem === 'string' ? problem : expect.stringMatching(problem),
    });
  });

  it.each(['{"level":"info","message":"listening"}', '17', 'null', '[]'])('knows %s for something else', (text) => {
    expect(readPredictionLine(text)).toEqual({ kind: 'other' });
  });
});
