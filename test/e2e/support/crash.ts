import { kubectl } from './cluster.ts';

/** Exit code of a process that was crashed, the one that SIGKILL leaves. */
export const KILLED = 137;

/**
 * Runs inside the container: has the program open its inspector, by a signal that the init in front of it passes on, and evaluate
 * something. No signal from inside can
 * kill or stop the first process of a container (pid_namespaces(7)), and deleting the pod, even by force, begins with SIGTERM
 * and two seconds in which a program can tidy up.
 */
const evaluating = (expression: string) => `
process.kill(1, 'SIGUSR1');
for (let tries = 0; tries < 100; tries += 1) {
  await new Promise((resolve) => setTimeout(resolve, 50));
  const targets = await fetch('http://127.0.0.1:9229/json').then((r) => r.json(), () => undefined);
  if (targets === undefined) continue;
  const socket = new WebSocket(targets[0].webSocketDebuggerUrl);
  await new Promise((resolve) => (socket.onopen = resolve));
  const expression = ${JSON.stringify(expression)};
  socket.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression } }));
  // Node waits for its inspector to disconnect before it exits, so this goes first.
  await new Promise((resolve) => setTimeout(resolve, 100));
  process.exit();
}
`;

/** Ends the Node program of a pod between two instructions: no handler runs, and the kernel closes its connections. */
export async function crash(namespace: string, pod: string): Promise<void> {
  await evaluate(namespace, pod, `setTimeout(() => process.reallyExit(${KILLED}), 200)`);
}

/** Stops the main thread of the Node program of a pod for a while, as SIGSTOP does: it answers nobody, and goes on. */
export async function freeze(namespace: string, pod: string, seconds: number): Promise<void> {
  const wait = `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${seconds * 1000})`;
  await evaluate(namespace, pod, `setTimeout(() => ${wait}, 200)`);
}

/** Has the Node program of a pod take all the memory that its container may have: the kernel ends it. */
export async function exhaust(namespace: string, pod: string): Promise<void> {
  await evaluate(namespace, pod, 'setTimeout(() => { for (const all = []; ; ) all.push(Buffer.alloc(5e7, 1)); }, 200)');
}

async function evaluate(namespace: string, pod: string, expression: string): Promise<void> {
  // A process that ends takes this command's own with it, so an error says nothing; the caller looks at the pod.
  await kubectl('exec', pod, '-n', namespace, '--', 'node', '--input-type=module', '-e', evaluating(expression)).catch(
    () => undefined,
  );
}
