import {
  curl,
  duration,
  headline,
  nameOf,
  none,
  percent,
  probabilities,
  remark,
  retryAfter,
  size,
  verdict,
  withArticle,
} from '../../public/format.js';

describe('the wording of the page', () => {
  it.each([
    ['cat', 0.9231, "It's a cat."],
    ['dog', 0.8, 'Probably a dog.'],
    ['Egyptian_cat', 0.51, 'Maybe an Egyptian cat.'],
  ])('says no more about %s at %d than the model does', (label, confidence, expected) => {
    expect(headline(label, confidence)).toBe(expected);
  });

  it.each([
    [1, '100%'],
    [0.9999, 'over 99.9%'],
    [0.9231, '92.3%'],
    [0.00004, 'under 0.1%'],
    [0, '0%'],
  ])('never rounds %d to a certainty it is not', (probability, expected) => {
    expect(percent(probability)).toBe(expected);
  });

  it('chooses units that a person reads', () => {
    expect([duration(0.2), duration(43.4), duration(1530)]).toEqual(['1 ms', '43 ms', '1.5 s']);
    expect([size(12), size(35_400), size(14_200_000)]).toEqual(['12 bytes', '35 kB', '14.2 MB']);
    expect([withArticle('owl'), withArticle('tabby_cat')]).toEqual(['an owl', 'a tabby cat']);
  });

  it('calls a label by its name, where the model has one', () => {
    const body = { label: 'golden_retriever', label_name: 'Golden Retriever', golden_retriever_probability: 0.95 };
    expect(verdict(body, 0.95).title).toBe("It's a Golden Retriever.");
    expect([nameOf(body), nameOf({ label: 'hot_dog' })]).toEqual(['Golden Retriever', 'hot_dog']);
  });

  it('finds every probability of any model, most likely first', () => {
    const body = { label: 'b', confidence: 0.7, a_probability: 0.3, b_probability: 0.7, model_version: '1.0.0' };
    expect(probabilities(body)).toEqual([
      { label: 'b', probability: 0.7 },
      { label: 'a', probability: 0.3 },
    ]);
  });
});

describe('the verdict', () => {
  const body = { label: 'cat', cat_probability: 0.6, dog_probability: 0.4 };
  const three = { label: 'ant', ant_probability: 0.4, bee_probability: 0.3, cow_probability: 0.3 };

  it.each([
    ['an answer', body, 'Maybe a cat.', '60.0% sure'],
    ['an answer of a model that could have abstained', { ...body, abstained: false }, 'Maybe a cat.', '60.0% sure'],
    [
      'an abstention',
      { ...body, abstained: true },
      'Probably neither.',
      'Too unlike a cat or a dog to say which. A cat is nearest, at 60.0%',
    ],
    [
      'an abstention among three',
      { ...three, abstained: true },
      'Probably none of them.',
      'Too unlike a bee or a cow or an ant to say which. An ant is nearest, at 60.0%',
    ],
    [
      'an abstention among many',
      { ...three, d_probability: 0, abstained: true },
      'Probably none of them.',
      'Too unlike anything it knows to say which. An ant is nearest, at 60.0%',
    ],
  ])('is what the service said: %s', (_title, answer, title, summary) => {
    expect(verdict(answer, 0.6)).toEqual({ title, summary });
  });

  it('names what is left when it is none of the labels', () => {
    expect([none(body), none(three)]).toEqual(['neither', 'none of them']);
  });
});

describe('the remark about an example', () => {
  const body = { label: 'cat', cat_probability: 0.9, dog_probability: 0.1 };
  const manyLabels = {
    label: 'tiger',
    tiger_probability: 0.9,
    lion_probability: 0.1,
    a_probability: 0,
    b_probability: 0,
  };

  it.each([
    ['is none for a picture of the reader', undefined, body, undefined],
    ['is none when the answer is right', { expected: 'cat' }, body, undefined],
    ['admits a wrong answer', { expected: 'dog' }, body, 'It is wrong this time: the picture shows a dog.'],
    ['is none when the model has other labels', { expected: 'cat' }, manyLabels, undefined],
    ['is none when neither of two labels is all there is', { expected: null }, manyLabels, undefined],
  ])('%s', (_title, example, answer, expected) => {
    expect(remark(example, answer)).toBe(expected);
  });

  it.each([
    [{ expected: null }, 'That is right: the picture shows neither.'],
    [{ expected: 'cat' }, 'It is wrong this time: the picture shows a cat.'],
  ])('judges an abstention: %j', (example, expected) => {
    expect(remark(example, { ...body, abstained: true })).toBe(expected);
  });

  it('explains why a picture of neither still gets a label', () => {
    expect(remark({ expected: null }, body)).toMatch(/neither: this model can only say a cat or a dog/);
  });
});

describe('the curl line', () => {
  it.each([
    ['cat.jpg', `curl -F 'file=@cat.jpg' 'http://h/predict'`],
    ['my cat;1.jpg', `curl -F 'file=@"my cat;1.jpg"' 'http://h/predict'`],
    [`o'cat".jpg`, `curl -F 'file=@"o'\\''cat\\".jpg"' 'http://h/predict'`],
  ])('quotes %s for the shell and for curl', (name, expected) => {
    expect(curl('http://h/predict', name, undefined)).toBe(expected);
  });

  it('fetches an example from the service, so that it runs as it stands', () => {
    expect(curl('http://h/predict', 'owl.jpg', 'http://h/assets/examples/owl.jpg')).toBe(
      `curl -s 'http://h/assets/examples/owl.jpg' | curl -F 'file=@-;filename=owl.jpg' 'http://h/predict'`,
    );
  });
});

describe('Retry-After', () => {
  const now = Date.parse('2026-01-02T03:04:05Z');

  it.each([
    ['seconds', '7', 7],
    ['a date ahead', 'Fri, 02 Jan 2026 03:04:15 GMT', 10],
    ['a date behind', 'Fri, 02 Jan 2026 03:04:00 GMT', 0],
    ['nothing', null, undefined],
    ['nonsense', 'soon', undefined],
  ])('is read as %s', (_title, header, expected) => {
    expect(retryAfter(header, now)).toBe(expected);
  });
});
