import type { Manifest } from '@pawl/shared/bundle/manifest';
import type { CheckedReader } from '@pawl/shared/bundle/readers/check-readers';
import type { GraphDescription } from './onnx/describe-graph.ts';
import { CliError } from '../errors/cli-error.ts';
import type { FetchedBundle } from './read-bundle.ts';

/** What `pawl inspect` shows, and gives to programs. */
export interface BundleDescription {
  readonly uri: string;
  /** oci:// by tag: address of the image that the tag points to now. */
  readonly pinnedUri?: string | undefined;
  readonly digest: string;
  /** `checked`: by the key that was given. */
  readonly signature: 'checked' | 'present' | 'none';
  readonly manifest: Manifest;
  /** Undefined when the graph cannot be taken apart; `graphProblem` says why. */
  readonly graph?: GraphDescription | undefined;
  readonly graphProblem?: string | undefined;
  /** oci:// only: what refers to the image, checked. */
  readonly readers?: readonly CheckedReader[] | undefined;
}

/** Gathers what there is to say about a verified bundle. */
export async function describeBundle(
  bundle: FetchedBundle,
  at: {
    readonly uri: string;
    readonly pinnedUri: string;
    readonly checked: boolean;
    readonly readers: readonly CheckedReader[] | undefined;
  },
): Promise<BundleDescription> {
  const { manifest, digest, signature } = bundle;
  return {
    uri: at.uri,
    ...(at.pinnedUri === at.uri ? {} : { pinnedUri: at.pinnedUri }),
    digest,
    signature: at.checked ? 'checked' : signature === undefined ? 'none' : 'present',
    manifest,
    ...(at.readers !== undefined && { readers: at.readers }),
    ...(await describeModel(bundle)),
  };
}

async function describeModel(bundle: FetchedBundle): Promise<Pick<BundleDescription, 'graph' | 'graphProblem'>> {
  const [{ readGraph }, { describeGraph }] = await Promise.all([
    import('./onnx/read-graph.ts'),
    import('./onnx/describe-graph.ts'),
  ]);
  const { model } = bundle.manifest;
  try {
    return { graph: describeGraph(readGraph(await bundle.read(model), model)) };
  } catch (error) {
    // A page about a bundle is of use even when its graph is not one that we can read.
    if (error instanceof CliError) return { graphProblem: error.message };
    throw error;
  }
}
