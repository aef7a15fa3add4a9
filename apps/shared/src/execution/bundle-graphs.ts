import type { Bundle } from '../bundle/open-bundle.ts';
import type { ProjectionsSpec } from '../bundle/reference.ts';
import type { GraphSetup } from './staged-session.ts';

/**
 * Reads what workers load of a bundle: each graph once, compared with the manifest.
 * @param projections what to tell of the features, by the bundle's reference statistics.
 * @throws PawlError of {@link Bundle.read}.
 */
export async function readGraphs(
  bundle: Bundle,
  { projections, signal }: { readonly projections?: ProjectionsSpec | undefined; readonly signal?: AbortSignal } = {},
): Promise<GraphSetup> {
  const { labels, input, output, abstain, firstStage, model } = bundle.manifest;
  return {
    model: await bundle.readShared(model, signal),
    ...(firstStage !== undefined && { firstModel: await bundle.readShared(firstStage.model, signal) }),
    // Workers get a copy: no more than they need.
    spec: { labels, input, output, abstain, firstStage, projections },
  };
}
