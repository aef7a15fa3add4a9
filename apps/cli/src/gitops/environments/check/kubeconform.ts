import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { modelVersionCrd } from '@pawl/shared/modelversion/crd';
import { GROUP, MODEL_VERSION, VERSION } from '@pawl/shared/modelversion/names';
import type { Context } from '../../../terminal/context.ts';
import { problem, type EnvironmentCheck, type Finding } from './findings.ts';
import type { ParsedObject } from './kube-object.ts';
import { programProblem, runProgram } from './run-program.ts';

/** How objects are validated. */
export interface KubeconformOptions {
  /** Path of kubeconform; undefined: the one on the PATH, where there is one. */
  readonly program: string | undefined;
  /** A `-schema-location` of kubeconform instead of the public schemas. */
  readonly schemas: string | undefined;
  /** Use no network: without `schemas`, only what we have a schema of ourselves is validated. */
  readonly offline: boolean;
}

/** The oldest Kubernetes that the chart supports: what it refuses must not be written. */
const KUBERNETES_VERSION = '1.29.0';
/** Its schema has keywords that kubeconform's validator does not take; an API server tests the chart's. */
const SKIPPED_KINDS = 'CustomResourceDefinition';

type Json = Readonly<Record<string, unknown>>;

/** Validates the objects of an environment against Kubernetes' schemas, and ModelVersions against the CRD's own. */
export async function kubeconform(
  context: Context,
  environment: string,
  objects: readonly ParsedObject[],
  { program, schemas, offline }: KubeconformOptions,
): Promise<EnvironmentCheck> {
  const name = 'kubeconform';
  const folder = await mkdtemp(join(tmpdir(), 'pawl-schemas-'));
  try {
    const file = `${MODEL_VERSION.kind.toLowerCase()}-${GROUP.split('.')[0] ?? ''}-${VERSION}.json`;
    await writeFile(join(folder, file), JSON.stringify(modelVersionSchema()));
    const pattern = '{{.ResourceKind}}{{.KindSuffix}}.json';
    const locations = [join(folder, pattern), ...(schemas === undefined ? (offline ? [] : ['default']) : [schemas])];
    const ended = await runProgram(
      context,
      program ?? 'kubeconform',
      [
        ...['-output', 'json', '-summary', '-strict', '-ignore-missing-schemas', '-skip', SKIPPED_KINDS],
        ...['-kubernetes-version', KUBERNETES_VERSION, ...locations.flatMap((at) => ['-schema-location', at]), '-'],
      ],
      { cwd: context.cwd, input: objects.map((object) => JSON.stringify(object)).join('\n---\n') },
    );
    if (ended.kind === 'missing' && program === undefined)
      return { environment, name, found: 'not installed: not validated by schemas', findings: [], skipped: true };
    if (ended.kind !== 'ended')
      return { environment, name, found: 'did not run', findings: [programProblem(program ?? 'kubeconform', ended)] };
    return { environment, name, ...readResult(ended.stdout, ended.stderr) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The schema of the CRD as kubeconform takes it, unknown fields refused. */
function modelVersionSchema(): Json {
  const crd = modelVersionCrd() as {
    readonly spec: { readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: Json } }[] };
  };
  return strict(crd.spec.versions[0]?.schema.openAPIV3Schema ?? {});
}

function strict(schema: Json): Json {
  const { properties, items, additionalProperties } = schema as Readonly<Record<string, Json | undefined>>;
  return {
    ...schema,
    ...(properties !== undefined && {
      properties: Object.fromEntries(Object.entries(properties).map(([key, child]) => [key, strict(child as Json)])),
      ...(additionalProperties === undefined && { additionalProperties: false }),
    }),
    ...(items !== undefined && { items: strict(items) }),
  };
}

interface Result {
  readonly resources?: readonly {
    readonly kind: string;
    readonly name: string;
    readonly status: string;
    readonly msg: string;
  }[];
  readonly summary?: {
    readonly valid: number;
    readonly invalid: number;
    readonly errors: number;
    readonly skipped: number;
  };
}

/** Pure: what kubeconform wrote with `-output json -summary`. */
function readResult(stdout: string, stderr: string): Pick<EnvironmentCheck, 'found' | 'findings'> {
  let result: Result;
  try {
    result = JSON.parse(stdout) as Result;
  } catch {
    const said = stderr.trim().split('\n').at(-1) ?? '';
    return {
      found: 'did not run',
      findings: [problem('PROGRAM_FAILED', undefined, `kubeconform failed: ${said}`, 'The message is its own.')],
    };
  }
  const { valid = 0, skipped = 0 } = result.summary ?? {};
  const findings = (result.resources ?? []).map(({ kind, name, status, msg }): Finding =>
    status === 'statusInvalid'
      ? problem(
          'OBJECT_INVALID',
          undefined,
          `${kind}/${name} is not valid: ${msg}`,
          'Fix the values or files that it is rendered from.',
        )
      : problem(
          'PROGRAM_FAILED',
          undefined,
          `${kind}/${name} could not be validated: ${msg}`,
          'Check the network, name your own schemas with --schemas, or leave them out with --offline.',
        ),
  );
  return { found: `${valid} valid${skipped > 0 ? `, ${skipped} without a schema` : ''}`, findings };
}
