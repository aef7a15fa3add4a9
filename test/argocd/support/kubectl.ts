import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Rendered, run } from '../../chart/support/helm.ts';
import { repositoryFile } from './argocd.ts';

/** What `kubectl kustomize` makes of a folder; throws what it says when it refuses. */
export function kustomize(kubectl: string, folder: string): Rendered {
  const { code, stdout, stderr } = run(kubectl, ['kustomize', folder]);
  if (code !== 0) throw new Error(stderr);
  return new Rendered(stdout);
}

/** A copy of k8s/argocd whose repository.env says something else, as a user edits it. The caller removes it. */
export function personalised(repository: string, revision: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'pawl-bootstrap-'));
  cpSync(repositoryFile('k8s/argocd'), folder, { recursive: true });
  const file = join(folder, 'repository.env');
  const text = readFileSync(file, 'utf8')
    .replace(/^REPOSITORY=.*$/m, `REPOSITORY=${repository}`)
    .replace(/^REVISION=.*$/m, `REVISION=${revision}`);
  writeFileSync(file, text);
  return folder;
}
