import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeBundle } from '@pawl/shared/bundle/write-bundle';
import { someBytes, someDraft } from '@pawl/test-kit/bundles';

/** A bundle on this machine. */
export interface SmallBundle {
  readonly directory: string;
  /** `file://`: verified where it lies, as on a mounted volume. */
  readonly uri: string;
  readonly digest: string;
}

/** What a test may want of a bundle. */
interface BundleOptions {
  readonly model?: string;
  readonly lineage?: Readonly<Record<string, string>>;
  readonly privateKeyPem?: string | undefined;
}

/** Makes bundles whose model is no ONNX graph: nothing here loads one. Each version has bytes, and a digest, of its own. */
export class Bundles {
  readonly #root: string;

  private constructor(root: string) {
    this.#root = root;
  }

  static async make(): Promise<Bundles> {
    return new Bundles(await mkdtemp(join(tmpdir(), 'pawl-controller-test-')));
  }

  get folder(): string {
    return this.#root;
  }

  async write(
    version: string,
    { model = 'catdog', lineage = {}, privateKeyPem }: BundleOptions = {},
  ): Promise<SmallBundle> {
    const directory = join(this.#root, `${model}-${version}`);
    const files = [
      { path: 'model.onnx', source: createHash('sha256').update(version).digest() },
      { path: 'golden/cat-1.jpg', source: someBytes(100, 2) },
      { path: 'reference.json', source: Buffer.from('{}\n') },
    ];
    const { digest } = await writeBundle(directory, someDraft({ name: model, version, lineage }), files, {
      privateKeyPem,
    });
    return { directory, uri: `file://${directory}`, digest };
  }

  async remove(): Promise<void> {
    await rm(this.#root, { recursive: true, force: true });
  }
}
