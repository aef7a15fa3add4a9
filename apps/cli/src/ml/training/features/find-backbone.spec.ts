import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findBackbone } from './find-backbone.ts';

describe('the name of a backbone', () => {
  let cwd: string;
  beforeAll(async () => {
    cwd = await mkdtemp(join(tmpdir(), 'pawl-backbone-'));
    for (const name of ['resnet18', 'lite0', 'taken'])
      await mkdir(join(cwd, 'models/backbones', name), { recursive: true });
    await mkdir(join(cwd, 'taken'));
    await writeFile(join(cwd, 'net.onnx'), '');
  });
  afterAll(async () => {
    await rm(cwd, { recursive: true });
  });

  it.each([
    ['resnet18', join('models/backbones', 'resnet18')],
    ['models/catdog', 'models/catdog'],
    ['./resnet18', './resnet18'],
    ['oci://registry.example/catdog:1', 'oci://registry.example/catdog:1'],
    ['net.onnx', 'net.onnx'],
    ['missing.onnx', 'missing.onnx'],
    // What is there comes before a name.
    ['taken', 'taken'],
  ])('%s is %s', async (text, address) => {
    expect(await findBackbone(text, cwd)).toBe(address);
  });

  it('that nothing has is refused with the names that there are', async () => {
    await expect(findBackbone('resnet81', cwd)).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      message: 'There is no backbone "resnet81": models/backbones holds lite0, resnet18, taken.',
    });
    await expect(findBackbone('resnet18', tmpdir())).rejects.toMatchObject({
      message: 'There is no backbone "resnet18": models/backbones holds none.',
    });
  });
});
