import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A port of this machine that leads to another one while it is on, and refuses everything while it is off. */
export class SwitchedPort {
  isOn = true;
  readonly #open = new Set<Socket>();
  readonly #server;

  private constructor(target: number) {
    this.#server = createServer((socket) => {
      this.#open.add(socket);
      socket.on('error', () => socket.destroy()).once('close', () => this.#open.delete(socket));
      if (!this.isOn) {
        socket.destroy();
        return;
      }
      const onward = connect(target, '127.0.0.1');
      onward.on('error', () => socket.destroy());
      socket.once('close', () => onward.destroy());
      socket.pipe(onward).pipe(socket);
    });
  }

  static async to(target: number): Promise<SwitchedPort> {
    const port = new SwitchedPort(target);
    await new Promise<void>((resolve) => port.#server.listen(0, '127.0.0.1', resolve));
    return port;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  turn(isOn: boolean): void {
    this.isOn = isOn;
    if (!isOn) for (const socket of this.#open) socket.destroy();
  }

  async close(): Promise<void> {
    this.turn(false);
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
