import { tmpdir } from 'node:os';
import { parseEnvironment } from '@pawl/shared/config/parse-environment';
import { CONTROLLER_LEASE } from '@pawl/shared/modelversion/names';
import { z } from 'zod';

const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

/** Every setting of the controller: an environment variable, its default, its range and what it is for. */
const environmentSchema = z.object({
  NAMESPACE: z.string().min(1).describe('namespace of this process'),
  WATCH_NAMESPACES: z
    .string()
    .regex(/^([a-z0-9]([-a-z0-9]*[a-z0-9])?(,|$))*$/, 'expected names of namespaces, separated by commas')
    .transform((names) => [...new Set(names.split(',').filter((name) => name !== ''))])
    .default([])
    .describe('namespaces whose ModelVersions are rolled out, separated by commas; empty: the own one'),
  POD_NAME: z.string().min(1).optional().describe('name of this replica; unset: the host name'),
  LEASE_NAME: z.string().min(1).default(CONTROLLER_LEASE).describe('Lease that one of several replicas holds'),
  PORT: whole(0, 65_535)
    .default(8080)
    .describe('TCP port of /metrics, /livez, /readyz and /verdicts; 0 takes a free one'),
  HOST: z.string().min(1).default('0.0.0.0').describe('address to listen on'),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('lowest level that is logged'),
  RECONCILE_WORKERS: whole(1, 64).default(4).describe('models that are reconciled at the same time'),
  VERIFY_DIR: z.string().min(1).default(tmpdir()).describe('folder for bundles while they are verified'),
  KUBECONFIG: z.string().optional().describe('kubeconfig; unset: the service account of the pod'),
});

/** The parsed environment; its fields are the variables' names. */
export type Config = z.infer<typeof environmentSchema>;

/** The namespaces whose ModelVersions are rolled out. */
export const watchedNamespaces = ({ NAMESPACE, WATCH_NAMESPACES }: Config): readonly string[] =>
  WATCH_NAMESPACES.length === 0 ? [NAMESPACE] : WATCH_NAMESPACES;

/** The environment as settings. @throws PawlError CONFIG_INVALID, see {@link parseEnvironment}. */
export const parseConfig = (environment: Readonly<Record<string, string | undefined>>): Config =>
  parseEnvironment(environmentSchema, environment);
