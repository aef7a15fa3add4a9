import { listSchemes, openWritableStore, parseLocation, schemes } from './store-table.ts';

const examples = ['file:///models/a', 'https://models.example/a', 'oci://models.example/a:1', 's3://models/a'];

describe('the table of stores', () => {
  it('has each scheme once', () => {
    expect(new Set(schemes).size).toBe(schemes.length);
    expect([...schemes].sort()).toEqual(['file', 'http', 'https', 'oci', 's3']);
  });

  it.each(examples)('makes locations that name their own row: %s', (address) => {
    expect(parseLocation(address, {})?.kind).toBe(address.slice(0, address.indexOf(':')));
  });

  it('knows a scheme in capitals, and no other than its own', () => {
    expect(parseLocation('FILE:///models/a', {})?.kind).toBe('file');
    expect(parseLocation('ftp://models.example/a', {})).toBeUndefined();
  });

  it('lists the recommended schemes, and those that are published to', () => {
    expect(listSchemes('://')).toBe('file://, https://, oci:// or s3://');
    expect(listSchemes(':', ['image', 'files', 'folder'])).toBe('oci:, s3: or file:');
    expect(listSchemes(':', ['folder'])).toBe('file:');
  });

  it('opens only stores that take files for writing', async () => {
    const taking = await Promise.all(
      examples.map(async (address) => {
        const location = parseLocation(address, {});
        if (location === undefined) throw new Error(`${address} has no row`);
        const store = await openWritableStore(location, { s3: { region: 'eu-central-1' } });
        store?.close();
        return store === undefined ? [] : [location.kind];
      }),
    );
    expect(taking.flat()).toEqual(['s3']);
  });
});
