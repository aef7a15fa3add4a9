import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A way from this machine to one pod of a Service. */
export interface PortForward {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** Opens one as a person would: `kubectl port-forward`. It leads to one pod, and ends with it. */
export async function portForward(namespace: string, service: string, port: number): Promise<PortForward> {
  const child = spawn('kubectl', ['port-forward', `service/${service}`, `:${port}`, '-n', namespace], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  let said = '';
  child.stderr.on('data', (text: Buffer) => (said += text.toString()));
  const url = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      const address = /^Forwarding from (127\.0\.0\.1:\d+)/.exec(line)?.[1];
      if (address !== undefined) resolve(`http://${address}`);
    });
    void exited.then(() => {
      reject(new Error(`kubectl port-forward ended: ${said}`));
    });
  });
  const close = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  return { url, close };
}
