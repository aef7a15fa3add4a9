/* eslint-disable @typescript-eslint/no-unsafe-return --
   Rendered objects are of many kinds; a field that is not there shows as a failed expectation. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inRepository } from '@pawl/test-kit/repository';
import { parse, stringify } from 'yaml';
import { type KubeObject, Rendered, run } from './helm.ts';

/** What the platform admits to a namespace: `k8s/admission/<environment>/settings.yaml`. */
export interface AdmissionSettings {
  readonly namespace: string;
  readonly images: readonly string[];
  readonly weights: readonly string[];
  readonly offeredBy: readonly string[];
  /** PEM, one after another. */
  readonly publicKeys: string;
}

interface AdmissionOptions {
  /** Path of kubectl, whose kustomize renders. */
  readonly kubectl: string;
  /** Ends the names of everything, so that the rules of one test are no other's. */
  readonly suffix: string;
  readonly settings: AdmissionSettings;
  /** False: what would be refused is only told. */
  readonly enforce: boolean;
  /** Names of the rules to have, such as `pawl-pods`; all by default. */
  readonly rules?: readonly string[];
}

/** Text of a file with a part replaced that must be there: the file is a user's to edit, and tests edit it as documented. */
function edit(file: string, part: string, by: string): void {
  const text = readFileSync(file, 'utf8');
  if (!text.includes(part)) throw new Error(`${file} has no ${part}`);
  writeFileSync(file, text.replace(part, by));
}

/** The policies and bindings of `k8s/admission/staging` with other settings, as a user gets them by editing its two files. */
export function admissionObjects(options: AdmissionOptions): readonly KubeObject[] {
  const { kubectl, suffix, settings, enforce, rules } = options;
  const folder = mkdtempSync(join(tmpdir(), 'pawl-admission-'));
  try {
    cpSync(inRepository('k8s/admission'), folder, { recursive: true });
    const kustomization = join(folder, 'staging/kustomization.yaml');
    edit(kustomization, 'nameSuffix: -staging', `nameSuffix: -${suffix}`);
    if (enforce) edit(kustomization, '# - ../enforce', '- ../enforce');
    const file = join(folder, 'staging/settings.yaml');
    const before = parse(readFileSync(file, 'utf8')) as { readonly data: Readonly<Record<string, string>> };
    const { namespace, ...lists } = settings;
    // JSON's lists and texts are those of CEL.
    const data = Object.fromEntries(Object.entries(lists).map(([key, value]) => [key, JSON.stringify(value)]));
    writeFileSync(file, stringify({ ...before, data: { ...before.data, namespace, ...data } }));
    const { code, stdout, stderr } = run(kubectl, ['kustomize', join(folder, 'staging')]);
    if (code !== 0) throw new Error(stderr);
    const names = rules?.map((rule) => `${rule}-${suffix}`);
    return new Rendered(stdout).objects.filter(
      (object) => names === undefined || names.includes((object as { metadata: { name: string } }).metadata.name),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
