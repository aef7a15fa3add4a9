import type { ModelVersion } from '@pawl/shared/modelversion/model-version';
import { annotated, aVersion, NOW, passed, served } from './test/builders.ts';
import { answerVerdicts, answerVerdictsOf } from './verdicts.ts';

const one = aVersion('1.0.0', served, annotated({ 'pawl.dev/run-id': 'r1' }));
const two = aVersion('1.1.0', passed);
const three = aVersion('1.2.0');

function ask(path: string, versions: readonly ModelVersion[] = [two, one, three], currentAt: number | undefined = NOW) {
  const answer = answerVerdicts(path, { list: () => versions, currentAt });
  return answer && { ...answer, body: JSON.parse(answer.body) as unknown };
}

describe('verdicts', () => {
  it('are the ModelVersion as it is, with when that was true', () => {
    const { metadata, ...rest } = one;
    expect(ask('/verdicts/m-1.0.0')).toEqual({
      status: 200,
      type: 'application/json',
      body: {
        ...rest,
        metadata: {
          ...metadata,
          annotations: { 'pawl.dev/run-id': 'r1', 'pawl.dev/observed-at': '2026-01-02T03:04:05Z' },
        },
      },
    });
  });

  it.each([
    ['https://name:pass@store.example/a/b?X-Signature=1#x', 'https://***@store.example/a/b?***'],
    ['HTTPS://pass%40@store.example?sig=1', 'HTTPS://***@store.example?***'],
    ['https://store.example/a@b', 'https://store.example/a@b'],
    ['oci://registry.example/m:1@sha256:ab', 'oci://registry.example/m:1@sha256:ab'],
  ])('show no secret of the address %s', (uri, told) => {
    const spec = { ...one.spec, artifact: { ...one.spec.artifact, uri } };
    const applied = { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ spec }), note: 'kept' };
    const body = ask('/verdicts/m-1.0.0', [annotated(applied)({ ...one, spec })])?.body as ModelVersion;
    expect(body.spec).toEqual({ ...spec, artifact: { ...spec.artifact, uri: told } });
    expect(body.metadata.annotations).toEqual({ note: 'kept', 'pawl.dev/observed-at': '2026-01-02T03:04:05Z' });
  });

  it('leave the copy of the cluster alone', () => {
    const before = structuredClone(one);
    ask('/verdicts/m-1.0.0', [one]);
    expect(one).toEqual(before);
  });

  it.each(['/verdicts', '/verdicts/'])('are listed under %s', (path) => {
    expect(ask(path)?.body).toEqual({
      observedAt: '2026-01-02T03:04:05Z',
      items: [
        { name: 'm-1.0.0', model: 'm', version: '1.0.0', phase: 'Pending', href: '/verdicts/m-1.0.0' },
        { name: 'm-1.1.0', model: 'm', version: '1.1.0', phase: 'Pending', href: '/verdicts/m-1.1.0' },
        { name: 'm-1.2.0', model: 'm', version: '1.2.0', phase: 'Pending', href: '/verdicts/m-1.2.0' },
      ],
    });
  });

  it.each(['/verdicts/m-9.9.9', '/verdicts/../m-1.0.0', '/verdicts/m-1.0.0/x'])('of nothing: %s', (path) => {
    expect(ask(path)).toMatchObject({ status: 404, body: { error: { code: 'MODEL_VERSION_NOT_FOUND' } } });
  });

  it.each(['/verdicts', '/verdicts/m-1.0.0', '/verdicts/m-9.9.9'])('are not shown when they may be old: %s', (path) => {
    const answer = answerVerdicts(path, { list: () => [one], currentAt: undefined });
    expect(answer).toMatchObject({ status: 503, body: expect.stringContaining('VERDICTS_NOT_CURRENT') });
  });

  it.each(['/', '/verdict', '/verdictsx'])('do not answer %s', (path) => {
    expect(ask(path)).toBeUndefined();
  });
});

describe('verdicts of several namespaces', () => {
  const sources = new Map([
    ['a', { list: () => [one], currentAt: NOW }],
    ['b', { list: () => [two], currentAt: NOW }],
  ]);
  const at = (path: string, own = 'a') => answerVerdictsOf(path, own, sources);

  it.each([
    ['/verdicts', '/verdicts/m-1.0.0'],
    ['/namespaces/a/verdicts', '/namespaces/a/verdicts/m-1.0.0'],
    ['/namespaces/b/verdicts', '/namespaces/b/verdicts/m-1.1.0'],
  ])('are listed under %s, with where each is', (path, href) => {
    const { items } = JSON.parse(at(path)!.body) as { items: { href: string }[] };
    expect(items.map((item) => item.href)).toEqual([href]);
    expect(at(href)?.status).toBe(200);
  });

  it.each([
    ['/namespaces/c/verdicts', 'a'],
    ['/verdicts', 'c'],
    ['/verdicts/m-1.0.0', 'c'],
  ])('of a namespace that is not followed: %s of %s', (path, own) => {
    expect(at(path, own)).toMatchObject({
      status: 404,
      body: expect.stringContaining('does not follow c; there are /namespaces/a/verdicts, /namespaces/b/verdicts'),
    });
  });

  it.each(['/namespaces/a', '/namespaces/a/verdictsx', '/namespaces/c', '/'])('do not answer %s', (path) => {
    expect(at(path)).toBeUndefined();
    expect(at(path, 'c')).toBeUndefined();
  });
});
