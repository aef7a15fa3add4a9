import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '@pawl/test-kit/free-port';
import { startServer, type Server } from '@pawl/test-kit/server-process';

/** What a Prometheus of a test knows. */
export interface PrometheusContents {
  /** The past, in OpenMetrics' text format. */
  readonly history?: string;
  /** `host:port` of a service that it scrapes every second, as the job `catdog-api`. */
  readonly target?: string;
}

/**
 * A real Prometheus.
 *
 * @param prometheus path of the program; `promtool` lies beside it.
 * @param folder an empty one, for its data.
 */
export async function startPrometheus(
  prometheus: string,
  folder: string,
  { history, target }: PrometheusContents,
): Promise<Server> {
  const [input, config, data] = [join(folder, 'history.om'), join(folder, 'prometheus.yml'), join(folder, 'data')];
  const jobs = target === undefined ? [] : [{ job_name: 'catdog-api', static_configs: [{ targets: [target] }] }];
  // JSON is YAML.
  await writeFile(config, JSON.stringify({ global: { scrape_interval: '1s' }, scrape_configs: jobs }));
  if (history !== undefined) {
    await writeFile(input, history);
    const promtool = join(dirname(prometheus), 'promtool');
    await promisify(execFile)(promtool, ['tsdb', 'create-blocks-from', 'openmetrics', input, data]);
  }
  const port = await freePort();
  return await startServer({
    command: prometheus,
    arguments: [
      `--config.file=${config}`,
      `--storage.tsdb.path=${data}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--storage.tsdb.retention.time=100y',
    ],
    port,
    health: '/-/ready',
  });
}
