import { Applier } from './apply.ts';
import type { KubeObject } from './kube-object.ts';
import type { ApplyOptions } from './kube-requests.ts';
import { aThing, type Thing, things } from './test/fake-objects.ts';

function setUp() {
  const calls: { object: KubeObject; options: ApplyOptions }[] = [];
  let version = 1;
  const client = {
    apply: <T extends KubeObject>(_type: unknown, object: KubeObject, options: ApplyOptions) => {
      calls.push({ object, options });
      const metadata = { ...object.metadata, uid: 'u', resourceVersion: String(version) };
      return Promise.resolve({ ...object, metadata } as unknown as T);
    },
  };
  const bump = (): void => {
    version += 1;
  };
  return { applier: new Applier(client, 'pawl'), calls, bump };
}

const red = aThing('a', { color: 'red' });

describe('Applier', () => {
  it('applies under its field manager, without force unless told', async () => {
    const { applier, calls } = setUp();
    await applier.applyOwned(things, red);
    await applier.applyOwnedStatus(things, { ...red, status: {} }, { force: true });
    expect(calls.map(({ options }) => options)).toMatchObject([
      { fieldManager: 'pawl', force: undefined, subresource: undefined },
      { fieldManager: 'pawl', force: true, subresource: 'status' },
    ]);
  });

  it('tells whether the server changed anything', async () => {
    const { applier, bump } = setUp();
    const first = await applier.applyOwned(things, red);
    expect(first.changed).toBe(true);
    const other = aThing('a', { color: 'blue' });
    expect(await applier.applyOwned(things, other, { current: first.object })).toMatchObject({ changed: false });
    bump();
    expect(await applier.applyOwned(things, red, { current: first.object })).toMatchObject({ changed: true });
  });

  it('writes nothing when it wrote the same before and the object still has it', async () => {
    const { applier, calls } = setUp();
    const { object } = await applier.applyOwned(things, red);
    const withDefaults = { ...object, extra: 'default' } as Thing;
    expect(await applier.applyOwned(things, red, { current: withDefaults })).toEqual({
      object: withDefaults,
      changed: false,
    });
    expect(calls).toHaveLength(1);
  });

  it.each<[string, Thing, Thing]>([
    ['the object differs', aThing('a', { color: 'green' }), red],
    ['a field is no longer desired, which the object cannot show', aThing('a', { color: 'red' }), aThing('a', {})],
    ['the object is another of the same name', { ...red, metadata: { ...red.metadata, uid: 'other' } }, red],
  ])('writes when %s', async (_title, current, desired) => {
    const { applier, calls } = setUp();
    await applier.applyOwned(things, red);
    await applier.applyOwned(things, desired, { current: { ...current, metadata: { uid: 'u', ...current.metadata } } });
    expect(calls).toHaveLength(2);
  });

  it('writes once after a start, because it cannot know what a former life applied', async () => {
    const { applier, calls } = setUp();
    await applier.applyOwned(things, red, { current: { ...red, metadata: { ...red.metadata, uid: 'u' } } });
    expect(calls).toHaveLength(1);
  });
});
