import sharp from 'sharp';
import { createImageDecoder } from './decode-image.ts';
import { defaultImageLimits } from './limits.ts';
import { isSrgbProfile } from './srgb-profile.ts';
import { adobeRgb, greyProfile, p3, rgbProfile } from './test/icc.ts';
import { anInputSpec } from '@pawl/test-kit/input-spec';
import { withProfile } from './test/jpeg.ts';

const grey = sharp({ create: { width: 8, height: 8, channels: 3, background: '#777777' } });
/** A profile that libvips brings along. */
const builtIn = async (name: 'srgb' | 'p3' | 'cmyk') => {
  const jpeg = await grey.clone().withIccProfile(name).jpeg().toBuffer();
  return (await sharp(jpeg).metadata()).icc!;
};
/** sRGB's primaries as in http://www.brucelindbloom.com/Eqn_RGB_XYZ_Matrix.html, with a gamma in place of its curve. */
const srgbWithGamma = (gamma: number) =>
  rgbProfile({
    toXyz: [
      [0.4360747, 0.3850649, 0.1430804],
      [0.2225045, 0.7168786, 0.0606169],
      [0.0139322, 0.0971045, 0.7141733],
    ],
    gamma,
  });

describe('isSrgbProfile', () => {
  it('is true for sRGB', async () => {
    expect(isSrgbProfile(await builtIn('srgb'))).toBe(true);
  });

  it.each([
    ['Display P3', () => builtIn('p3')],
    ['CMYK', () => builtIn('cmyk')],
    ['Adobe RGB', () => rgbProfile(adobeRgb)],
    ['P3 with a gamma', () => rgbProfile(p3)],
    ['sRGB primaries with gamma 2.2', () => srgbWithGamma(2.2)],
    ['sRGB primaries, linear', () => srgbWithGamma(1)],
    ['grey', () => greyProfile(2.2)],
    ['nothing', () => Buffer.alloc(0)],
    ['zeros', () => Buffer.alloc(1000)],
  ])('is false for %s', async (_, profile) => {
    expect(isSrgbProfile(await profile())).toBe(false);
  });

  it('is false when the profile has a table, which counts before the matrix', async () => {
    const profile = Buffer.from(await builtIn('srgb'));
    profile.write('A2B0', profile.indexOf('desc', 128));
    expect(isSrgbProfile(profile)).toBe(false);
  });

  it('bears every cut and every changed byte', async () => {
    const whole = await builtIn('srgb');
    for (let at = 0; at < whole.length; at++) {
      // A copy of its own, so that a read past the end cannot find the rest.
      expect(() => isSrgbProfile(Uint8Array.from(whole.subarray(0, at)))).not.toThrow();
      const changed = Uint8Array.from(whole);
      changed[at] = 255 - changed[at]!;
      expect(() => isSrgbProfile(changed)).not.toThrow();
    }
  });

  it('leaving an sRGB profile out changes no pixel', async () => {
    // Every value of every channel.
    const ramp = Buffer.from(Array.from({ length: 256 }, (_, i) => [i, 255 - i, (i * 7) % 256]).flat());
    const jpeg = await sharp(ramp, { raw: { width: 16, height: 16, channels: 3 } })
      .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
      .toBuffer();
    const decoder = createImageDecoder(anInputSpec({ width: 16, height: 16 }), defaultImageLimits);
    const tagged = withProfile(jpeg, await builtIn('srgb'));
    const converted = await sharp(tagged).raw().toBuffer();
    const { pixels } = await decoder.decode(tagged);
    expect(Math.max(...pixels.map((value, i) => Math.abs(value - converted[i]!)))).toBeLessThanOrEqual(1);
  });
});
