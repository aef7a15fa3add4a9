import { clientKey } from './client-key.ts';

describe('clientKey', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['192.0.2.1:4711', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '20010db800010002/64'],
    ['2001:db8:1:2::', '20010db800010002/64'],
    ['[2001:db8:1:2::9]:4711', '20010db800010002/64'],
    ['::1', '0000000000000000/64'],
  ])('%s is %s', (address, key) => {
    expect(clientKey(address)).toBe(key);
  });

  it.each([undefined, '', 'unknown', '_hidden', '999.1.1.1', '127.1', '0x7f000001', 'fe80::1%'])(
    '%s is none',
    (address) => {
      expect(clientKey(address)).toBeUndefined();
    },
  );
});
