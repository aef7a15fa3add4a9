import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SimulationReport } from '../../src/service/report.ts';

/** A folder for one test: photographs go in, a report comes out. */
export class SimulationFolder {
  #folder = '';

  async open(): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), 'pawl-simulation-'));
  }

  close(): Promise<void> {
    return rm(this.#folder, { recursive: true, force: true });
  }

  /** Where `--out` points; its folder is not there yet. */
  get out(): string {
    return join(this.#folder, 'a', 'report.json');
  }

  async report(): Promise<SimulationReport> {
    return JSON.parse(await readFile(this.out, 'utf8')) as SimulationReport;
  }

  /** A folder of files with these names; what is in them matters to no fake service. */
  async photos(...names: readonly string[]): Promise<string> {
    const folder = join(this.#folder, 'photos');
    for (const name of names) {
      await mkdir(join(folder, name, '..'), { recursive: true });
      await writeFile(join(folder, name), `bytes of ${name}`);
    }
    return folder;
  }
}
