import { inRepository } from '@pawl/test-kit/repository';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseDocument } from 'yaml';

const root = inRepository('');
/** Photographs of each label. */
const PHOTOGRAPHS = 14;

/** A checkout as a user has it, in Git, with a few photographs and parameters that make training quick. */
export class Project {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** @param photos folder with `cat/` and `dog/`. */
  static async make(photos: string): Promise<Project> {
    const project = new Project(await mkdtemp(join(tmpdir(), 'pawl-project-')));
    const { folder } = project;
    const files = [
      'dvc.yaml',
      'params.yaml',
      '.dvc/config',
      '.dvc/.gitignore',
      '.dvcignore',
      '.gitignore',
      'MLproject',
    ];
    for (const path of [...files, 'package.json']) await cp(join(root, path), join(folder, path));
    for (const path of ['apps/cli/bin', 'scripts', 'models/backbones/resnet18'])
      await cp(join(root, path), join(folder, path), { recursive: true });
    for (const path of ['node_modules', 'apps/cli/dist']) await symlink(join(root, path), join(folder, path));
    for (const label of ['cat', 'dog']) {
      const names = (await readdir(join(photos, label))).filter((name) => /\.(jpe?g|png)$/i.test(name)).sort();
      await mkdir(join(folder, 'data/raw', label), { recursive: true });
      for (const name of names.slice(0, PHOTOGRAPHS))
        await cp(join(photos, label, name), join(folder, 'data/raw', label, name));
    }
    // So few photographs pass no gate, and make no model that is right about all that the one before it is.
    await project.set(['gate'], {});
    await project.set(['bundle', 'drop_golden'], await readdir(join(root, 'models/backbones/resnet18/golden')));
    await project.set(['preprocess', 'check_labels'], '');
    await project.set(['preprocess', 'split_ratios'], { train: 0.6, val: 0.2, test: 0.2 });
    await project.set(['train', 'epochs'], 2);
    await project.set(['train', 'augmentation', 'variants'], 0);
    await project.execute('git', 'init', '-q');
    return project;
  }

  /** Changes one parameter. */
  async set(path: readonly string[], value: unknown): Promise<void> {
    const file = join(this.folder, 'params.yaml');
    const document = parseDocument(await readFile(file, 'utf8'));
    document.setIn(path, value);
    await writeFile(file, document.toString());
  }

  /** Runs a command in it; what it wrote, errors last. */
  async execute(command: string, ...args: readonly string[]): Promise<string> {
    const { stdout, stderr } = await promisify(execFile)(command, args, {
      cwd: this.folder,
      env: { ...process.env, MLFLOW_TRACKING_URI: '', DVC_NO_ANALYTICS: '1' },
      maxBuffer: 2 ** 24,
    });
    return stdout + stderr;
  }

  pawl(...args: readonly string[]): Promise<string> {
    return this.execute(process.execPath, 'apps/cli/bin/pawl.js', ...args);
  }

  async commit(message: string): Promise<void> {
    await this.execute('git', 'add', '--all');
    await this.execute('git', '-c', 'user.name=test', '-c', 'user.email=test@example.com', 'commit', '-qm', message);
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}
