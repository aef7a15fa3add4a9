import type { ModelVersion } from '@pawl/shared/modelversion/model-version';
import { plain } from '../../terminal/text.ts';

/** Who writes a version's manifest: a tool that follows Git, Helm, or a person. */
export interface ManifestOrigin {
  readonly kind: 'git' | 'helm' | 'hand';
  /** The tool and its object in words: `Argo CD (application catdog-prod)`. */
  readonly words: string;
}

/** By the marks that each tool leaves on what it applies. */
export function originOf(version: ModelVersion): ManifestOrigin {
  const { annotations = {}, labels = {} } = version.metadata;
  const tracking = annotations['argocd.argoproj.io/tracking-id'];
  const application = tracking?.split(':')[0] ?? labels['argocd.argoproj.io/instance'];
  if (application !== undefined) return { kind: 'git', words: `Argo CD (application ${plain(application)})` };
  const flux = labels['kustomize.toolkit.fluxcd.io/name'] ?? labels['helm.toolkit.fluxcd.io/name'];
  if (flux !== undefined) return { kind: 'git', words: `Flux (${plain(flux)})` };
  if (labels['app.kubernetes.io/managed-by'] === 'Helm') {
    return { kind: 'helm', words: `Helm (release ${plain(annotations['meta.helm.sh/release-name'] ?? '?')})` };
  }
  return { kind: 'hand', words: 'kubectl' };
}
