import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '@pawl/test-kit/free-port';
import { startServer, type Server } from '@pawl/test-kit/server-process';

/**
 * A real Prometheus that holds a history and scrapes nothing.
 *
 * @param prometheus path of the program; `promtool` lies beside it.
 * @param folder an empty one, for its data.
 * @param openMetrics the history, in OpenMetrics' text format.
 */
export async function startPrometheus(prometheus: string, folder: string, openMetrics: string): Promise<Server> {
  const [input, config, data] = [join(folder, 'history.om'), join(folder, 'prometheus.yml'), join(folder, 'data')];
  await writeFile(input, openMetrics);
  await writeFile(config, 'global: {}\n');
  const promtool = join(dirname(prometheus), 'promtool');
  await promisify(execFile)(promtool, ['tsdb', 'create-blocks-from', 'openmetrics', input, data]);
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
