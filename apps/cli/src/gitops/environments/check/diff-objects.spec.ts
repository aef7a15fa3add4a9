import { diffObjects } from './diff-objects.ts';
import { parseObjects, showObject, type ParsedObject } from './kube-object.ts';

const object = (kind: string, name: string, more: object = {}): ParsedObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name },
  ...more,
});
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const titles = (before: readonly ParsedObject[], after: readonly ParsedObject[]) =>
  diffObjects(before, after).map(({ action, title }) => `${action} ${title}`);

describe('diffObjects', () => {
  it.each<[string, readonly ParsedObject[], readonly ParsedObject[], readonly string[]]>([
    ['nothing', [], [], []],
    ['another order of objects', [object('A', 'x'), object('B', 'y')], [object('B', 'y'), object('A', 'x')], []],
    ['another order of keys', [object('A', 'x', { p: 1, q: 2 })], [object('A', 'x', { q: 2, p: 1 })], []],
    ['a new one', [], [object('A', 'x')], ['added A/x']],
    ['one that goes', [object('A', 'x')], [], ['removed A/x']],
    ['a field', [object('A', 'x', { p: 1 })], [object('A', 'x', { p: 2 })], ['changed A/x']],
    ['another name', [object('A', 'x')], [object('A', 'y')], ['removed A/x', 'added A/y']],
    ['one name, two kinds', [object('A', 'x')], [object('A', 'x'), object('B', 'x')], ['added B/x']],
    [
      'a newer version of the API',
      [{ ...object('A', 'x'), apiVersion: 'g/v1beta1' }],
      [{ ...object('A', 'x'), apiVersion: 'g/v1' }],
      ['changed A/x'],
    ],
    [
      'two groups',
      [{ ...object('A', 'x'), apiVersion: 'g/v1' }],
      [{ ...object('A', 'x'), apiVersion: 'h/v1' }],
      ['added A/x', 'removed A/x'],
    ],
    [
      'ModelVersions first',
      [],
      [object('A', 'x'), object('Deployment', 'd'), object('ModelVersion', 'm')],
      ['added ModelVersion/m', 'added Deployment/d', 'added A/x'],
    ],
  ])('%s', (_, before, after, expected) => {
    expect([...titles(before, after)].sort()).toEqual([...expected].sort());
    if (expected.length === 3) expect(titles(before, after)).toEqual(expected);
  });

  it('shows the lines that differ, sorted as people write objects', () => {
    const [change] = diffObjects(
      [object('A', 'x', { spec: { b: 1, a: [1, 2] } })],
      [object('A', 'x', { spec: { a: [1, 3], b: 1 } })],
    );
    expect(change?.lines.filter((line) => /^[-+]/.test(line))).toEqual(['-    - 2', '+    - 3']);
    expect(change?.lines.slice(1).map((line) => line.slice(1))).toEqual([
      'spec:',
      '  a:',
      '    - 1',
      '    - 2',
      '    - 3',
      '  b: 1',
    ]);
  });

  it('shows binary data by digest and size', () => {
    const config = (text: string) => object('ConfigMap', 'c', { binaryData: { 'cat.jpg': base64(text) } });
    const [change] = diffObjects([config('one')], [config('two!')]);
    expect(change?.lines.filter((line) => /^[-+]/.test(line))).toEqual([
      '-  cat.jpg: sha256:7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed (3 B)',
      expect.stringMatching(/^\+ {2}cat\.jpg: sha256:[0-9a-f]{64} \(4 B\)$/),
    ]);
  });

  it('shows which values of a Secret change, and none of them', () => {
    const secret = (password: string) =>
      object('Secret', 's', {
        data: { user: base64('ann'), password: base64(password) },
        stringData: { plain: password },
      });
    const shown = diffObjects([secret('hunter1')], [secret('hunter2')])[0]?.lines.join('\n') ?? '';
    expect(shown).toContain('-  password: (not shown)\n');
    expect(shown).toContain('+  password: (not shown, changed)');
    expect(shown).toContain('   user: (not shown)');
    const everything = [shown, ...showObject(secret('hunter3'))].join('\n');
    for (const word of ['hunter', base64('hunter1'), base64('hunter2'), base64('hunter3'), base64('ann')])
      expect(everything).not.toContain(word);
  });
});

describe('parseObjects', () => {
  it('reads documents, opens lists, passes empty ones over', () => {
    const text =
      '---\n# nothing\n---\napiVersion: v1\nkind: A\nmetadata: {name: x}\n---\napiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: B\n  metadata: {name: y}\n';
    expect(parseObjects(text).map(({ kind }) => kind)).toEqual(['A', 'B']);
  });

  it.each([
    ['a: [', /not YAML/],
    ['kind: A', /no Kubernetes object/],
    ['apiVersion: v1\nkind: A\nmetadata: {}', /no Kubernetes object/],
  ])('refuses %j', (text, message) => {
    expect(() => parseObjects(text)).toThrow(message);
  });
});
