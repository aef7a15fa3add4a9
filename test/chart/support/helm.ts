/* eslint-disable @typescript-eslint/no-unsafe-return, @typescript-eslint/no-unsafe-argument, @typescript-eslint/no-unsafe-call --
   Rendered objects are of many kinds; a field that is not there shows as a failed expectation. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';

/** Folder of the chart. */
export const CHART = fileURLToPath(new URL('../../../charts/pawl', import.meta.url));
/** Folder of the chart of the CRD alone. */
export const CRD_CHART = fileURLToPath(new URL('../../../charts/pawl-crds', import.meta.url));

// Tests look into objects of many kinds; what is not there shows as a failed expectation.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type KubeObject = any;
export type Values = Readonly<Record<string, unknown>>;

/** How a command ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. */
export function run(program: string, args: readonly string[], input = ''): Ended {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    input,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error !== undefined) throw error;
  return { code: status ?? 1, stdout, stderr };
}

/** What `helm template` makes of the chart. */
export class Rendered {
  readonly objects: readonly KubeObject[];

  constructor(yaml: string) {
    this.objects = parseAllDocuments(yaml)
      .map((document): KubeObject => document.toJS())
      .filter((object) => object !== null);
  }

  /** The one object of a kind (and, where there are several, a component or name); undefined where there is none. */
  find(kind: string, which?: string): KubeObject {
    const found = this.objects.filter(
      (object) =>
        object.kind === kind &&
        (which === undefined ||
          object.metadata.name === which ||
          object.metadata.labels?.['app.kubernetes.io/component'] === which),
    );
    if (found.length > 1) throw new Error(`${found.length} objects of kind ${kind} ${which ?? ''}`);
    return found[0];
  }

  /** The stable track's pod template. */
  get pod(): KubeObject {
    return this.find('Deployment', 'inference').spec.template;
  }

  get inference(): KubeObject {
    return this.pod.spec.containers[0];
  }

  get fetch(): KubeObject {
    return this.pod.spec.initContainers.find((container: KubeObject) => container.name === 'fetch-model');
  }

  get controllerPod(): KubeObject {
    return this.find('Deployment', 'controller').spec.template;
  }

  get controller(): KubeObject {
    return this.controllerPod.spec.containers[0];
  }
}

const rendered = new Map<string, Ended>();

/** Runs `helm template` for the release `pets` in the namespace `zoo`, once for the same values. */
export function template(helm: string, values: Values = {}): Ended {
  const input = JSON.stringify(values);
  const known = rendered.get(input);
  if (known !== undefined) return known;
  const ended = run(helm, ['template', 'pets', CHART, '--namespace', 'zoo', '--values', '-'], input);
  rendered.set(input, ended);
  return ended;
}

/** The rendered objects; throws what helm says when it refuses. */
export function render(helm: string, values: Values = {}): Rendered {
  const { code, stdout, stderr } = template(helm, values);
  if (code !== 0) throw new Error(stderr);
  return new Rendered(stdout);
}

/** Values of both; objects are merged as Helm merges them, anything else is replaced. */
export function merge(one: Values, other: Values): Values {
  const result: Record<string, unknown> = { ...one };
  for (const [key, value] of Object.entries(other)) {
    const before = result[key];
    result[key] = isObject(before) && isObject(value) ? merge(before, value) : value;
  }
  return result;
}

const isObject = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `a.b.c` and a value as values for Helm. */
export function valueAt(name: string, value: unknown): Values {
  return name.split('.').reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as Values;
}

/** `{name: value}` of a container's environment. */
export function environmentOf(container: KubeObject): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    (container?.env ?? []).map((entry: KubeObject) => [entry.name, entry.value ?? entry.valueFrom]),
  );
}

/** Every string anywhere in some objects. */
export function textsOf(node: unknown): string[] {
  if (typeof node === 'string') return [node];
  if (typeof node !== 'object' || node === null) return [];
  return Object.values(node).flatMap(textsOf);
}
