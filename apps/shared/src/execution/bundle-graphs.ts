import type { Bundle } from '../bundle/open-bundle.ts';
import type { GraphSetup } from './staged-session.ts';

/**
 * Reads what workers load of a bundle: each graph once, compared with the manifest.
 * @throws PawlError of {@link Bundle.read}.
 */
export async function readGraphs(bundle: Bundle, signal?: AbortSignal): Promise<GraphSetup> {
  const { labels, input, output, abstain, firstStage, model } = bundle.manifest;
  return {
    model: await bundle.readShared(model, signal),
    ...(firstStage !== undefined && { firstModel: await bundle.readShared(firstStage.model, signal) }),
    // Workers get a copy: no more than they need.
    spec: { labels, input, output, abstain, firstStage },
  };
}
