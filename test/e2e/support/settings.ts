import { fileURLToPath } from 'node:url';

const repository = new URL('../../../', import.meta.url);

/** Absolute path of a file of the repository. */
export const repositoryFile = (path: string): string => fileURLToPath(new URL(path, repository));

/** What the scenarios are told by the environment; see CONTRIBUTING.md. */
export interface Settings {
  readonly helm: string;
  readonly kubectl: string;
  readonly inferenceImage: string;
  readonly controllerImage: string;
  /** `host:port` of a registry that speaks plain HTTP, the same from here and from pods. */
  readonly registry: string;
  /** Command that is followed by `stop|kill|start|restart NAME` or `freeze NAME SECONDS`. */
  readonly component: string | undefined;
  readonly gateway: GatewaySettings | undefined;
}

/** `class@host:port`: a GatewayClass, and where its listener for plain HTTP answers. */
export interface GatewaySettings {
  readonly className: string;
  readonly host: string;
  readonly port: number;
}

/** @throws Error that names every variable that is missing. */
export function settings(environment: Readonly<Record<string, string | undefined>> = process.env): Settings {
  const missing: string[] = [];
  const optional = (name: string) => (environment[name] === '' ? undefined : environment[name]);
  const required = (name: string) => {
    const value = optional(name);
    if (value === undefined) missing.push(name);
    return value ?? '';
  };
  const result = {
    helm: optional('PAWL_TEST_HELM') ?? 'helm',
    kubectl: optional('PAWL_TEST_KUBECTL') ?? 'kubectl',
    inferenceImage: required('PAWL_TEST_INFERENCE_IMAGE'),
    controllerImage: required('PAWL_TEST_CONTROLLER_IMAGE'),
    registry: required('PAWL_TEST_REGISTRY'),
    component: optional('PAWL_TEST_COMPONENT'),
    gateway: gatewayOf(optional('PAWL_TEST_GATEWAY')),
  };
  if (missing.length > 0) throw new Error(`the scenarios need ${missing.join(', ')}; see CONTRIBUTING.md`);
  return result;
}

function gatewayOf(value: string | undefined): GatewaySettings | undefined {
  if (value === undefined) return undefined;
  const { className, host, port } = /^(?<className>[^@]+)@(?<host>.+):(?<port>\d+)$/.exec(value)?.groups ?? {};
  if (className === undefined || host === undefined || port === undefined)
    throw new Error(`PAWL_TEST_GATEWAY="${value}": expected class@host:port`);
  return { className, host, port: Number(port) };
}
