import { tmpdir } from 'node:os';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { z } from 'zod';

const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

/** Every setting of the controller: an environment variable, its default, its range and what it is for. */
export const environmentSchema = z.object({
  NAMESPACE: z.string().min(1).describe('namespace whose ModelVersions are rolled out'),
  POD_NAME: z.string().min(1).optional().describe('name of this replica; unset: the host name'),
  LEASE_NAME: z.string().min(1).default('pawl-controller').describe('Lease that one of several replicas holds'),
  PORT: whole(0, 65_535).default(8080).describe('TCP port of /metrics, /livez and /readyz; 0 takes a free one'),
  HOST: z.string().min(1).default('0.0.0.0').describe('address to listen on'),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('least level logged'),
  RECONCILE_WORKERS: whole(1, 64).default(4).describe('models that are reconciled at the same time'),
  VERIFY_DIR: z.string().min(1).default(tmpdir()).describe('folder for bundles while they are verified'),
  KUBECONFIG: z.string().optional().describe('kubeconfig; unset: the service account of the pod'),
});

/** The parsed environment; its fields are the variables' names. */
export type Config = z.infer<typeof environmentSchema>;

/**
 * Parses the environment, once, at start. Empty variables count as unset.
 * @throws PawlError CONFIG_INVALID that names every wrong variable and what was expected.
 */
export function parseConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = environmentSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => {
    const variable = String(issue.path[0]);
    const { description } = environmentSchema.shape[variable as keyof Config];
    return `${variable}=${given[variable] ?? ''}: ${issue.message} (${description ?? ''})`;
  });
  throw new PawlError('CONFIG_INVALID', { message: `The environment is not valid.\n  ${lines.join('\n  ')}` });
}
