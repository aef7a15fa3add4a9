/** Where the runbook is read; dashboards are in Grafana, far from the repository. */
const RUNBOOK = 'https://github.com/pawl-dev/pawl/blob/main/RUNBOOK.md';

/** Address of the section of the runbook that is headed by the name of an alert. */
export const runbook = (alert: string): string => `${RUNBOOK}#${alert.toLowerCase()}`;
