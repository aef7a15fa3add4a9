import { kubectl } from './cluster.ts';

/** Exit code of a process that was crashed, the one that SIGKILL leaves. */
export const KILLED = 137;

/**
 * Runs inside the container: has the first process open its inspector and makes it leave at once. No signal from inside
 * can kill the first process of a container (pid_namespaces(7)), and deleting the pod, even by force, begins with SIGTERM
 * and two seconds in which a program can tidy up.
 */
const PROGRAM = `
process.kill(1, 'SIGUSR1');
for (let tries = 0; tries < 100; tries += 1) {
  await new Promise((resolve) => setTimeout(resolve, 50));
  const targets = await fetch('http://127.0.0.1:9229/json').then((r) => r.json(), () => undefined);
  if (targets === undefined) continue;
  const socket = new WebSocket(targets[0].webSocketDebuggerUrl);
  await new Promise((resolve) => (socket.onopen = resolve));
  const expression = 'setTimeout(() => process.reallyExit(${KILLED}), 200)';
  socket.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression } }));
  // Node waits for its inspector to disconnect before it exits, so this goes first.
  await new Promise((resolve) => setTimeout(resolve, 100));
  process.exit();
}
`;

/** Ends the Node program of a pod between two instructions: no handler runs, and the kernel closes its connections. */
export async function crash(namespace: string, pod: string): Promise<void> {
  // It takes this command's own process with it, so an error says nothing; the caller looks at the pod.
  await kubectl('exec', pod, '-n', namespace, '--', 'node', '--input-type=module', '-e', PROGRAM).catch(
    () => undefined,
  );
}
