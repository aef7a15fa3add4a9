import { readFileSync } from 'node:fs';
import { inRepository } from '@pawl/test-kit/repository';
import { parse } from 'yaml';

/** A folder or file of this machine in a container, as compose.yaml writes most of them (`FROM:TO:ro`) or in full. */
export interface Mount {
  readonly type: string;
  readonly source: string;
  readonly target: string;
  readonly read_only: boolean;
  readonly bind?: { readonly create_host_path: boolean };
}

/** A service of the compose file: what the tests look at. */
export interface Service {
  readonly image: string;
  readonly build?: { readonly context: string; readonly target: string };
  readonly profiles?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
  readonly volumes?: readonly (string | Mount)[];
  readonly ports?: readonly string[];
  readonly networks?: readonly string[];
  readonly depends_on?: Readonly<Record<string, unknown>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly mem_limit?: string;
  readonly stop_grace_period?: string;
}

/** A compose file. */
export interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks?: Readonly<Record<string, { readonly internal?: boolean } | null>>;
}

/** A file of the repository in YAML, with its anchors put in. */
export function readYaml(path: string): unknown {
  return parse(readFileSync(inRepository(path), 'utf8'), { merge: true });
}

/** The folders and files of this machine in a container; volumes of Docker's are left out. */
export function mountsOf({ volumes = [] }: Service): readonly Mount[] {
  return volumes.flatMap((volume) => {
    if (typeof volume !== 'string') return [volume];
    const [source = '', target = '', mode = 'rw'] = volume.split(':');
    return source.startsWith('.') ? [{ type: 'bind', source, target, read_only: mode === 'ro' }] : [];
  });
}

/** `${NAME:-default}` as it is when NAME is not set; defaults within defaults included. */
export function withDefaults(text: string): string {
  const without = text.replace(/\$\{[A-Z0-9_]+:-([^${}]*)\}/g, '$1');
  return without === text ? text : withDefaults(without);
}
