import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { inRepository } from '@pawl/test-kit/repository';

const repository = inRepository('');

/** The controller in a process of its own, from its sources. */
export class ProcessController {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  constructor(kubeconfig: string, namespace: string, folder: string) {
    const environment = {
      KUBECONFIG: kubeconfig,
      NAMESPACE: namespace,
      VERIFY_DIR: folder,
      PORT: '0',
      HOST: '127.0.0.1',
    };
    this.#child = spawn(
      process.execPath,
      ['--conditions=pawl-source', '--no-warnings', 'apps/controller/src/main.ts'],
      { cwd: repository, env: { ...process.env, ...environment, NODE_OPTIONS: '' }, stdio: 'ignore' },
    );
    this.#exited = once(this.#child, 'exit');
  }

  /** SIGKILL: it gives nothing back. */
  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }
}
