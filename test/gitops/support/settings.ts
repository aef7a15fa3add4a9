/** What these scenarios are told beyond the settings of test/e2e; see CONTRIBUTING.md. */
export interface GitopsSettings {
  /** Name by which Argo CD reaches this machine. */
  readonly gitHost: string;
  /** How long everything must stand still after a step, seconds. */
  readonly holdSeconds: number;
  /** Address of Argo CD's API where it asks for no login, to read what it says of single objects; undefined: not read. */
  readonly argocdApi: string | undefined;
}

/** @throws Error that names the variable that cannot be read. */
export function gitopsSettings(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): GitopsSettings {
  const optional = (name: string) => (environment[name] === '' ? undefined : environment[name]);
  const holdSeconds = Number(optional('PAWL_TEST_GITOPS_HOLD') ?? 60);
  if (!Number.isFinite(holdSeconds) || holdSeconds < 0)
    throw new Error(`PAWL_TEST_GITOPS_HOLD="${environment['PAWL_TEST_GITOPS_HOLD'] ?? ''}": expected seconds`);
  return {
    gitHost: optional('PAWL_TEST_GIT_HOST') ?? '127.0.0.1',
    holdSeconds,
    argocdApi: optional('PAWL_TEST_ARGOCD_API'),
  };
}
