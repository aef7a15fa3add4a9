import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CRUISER = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');

/** What breaks a rule: a file, what it says, and the rules that it breaks. */
type Row = readonly [title: string, file: string, text: string, broken: readonly string[]];

const sharp = ['only-one-imports-sharp'];
const rows: readonly Row[] = [
  ['import of an owned package', 'apps/cli/src/service/a1.ts', "import sharp from 'sharp'; sharp();", sharp],
  ['import type of one', 'apps/cli/src/service/a2.ts', "import type { Sharp } from 'sharp'; let x: Sharp;", sharp],
  ['import() of one', 'apps/cli/src/service/a3.ts', "export const x = () => import('sharp');", sharp],
  ['export from one', 'apps/cli/src/service/a4.ts', "export { default } from 'sharp';", sharp],
  ['require() of one', 'apps/cli/src/service/a5.ts', "const x = require('sharp'); x();", sharp],
  ['the type of an import()', 'apps/cli/src/service/a6.ts', "export let x: import('sharp').Sharp;", sharp],
  ['a path inside one', 'apps/cli/src/service/a7.ts', "import 'yaml/util';", ['only-one-imports-yaml']],
  ['an owned package by its owner', 'apps/shared/src/preprocessing/a8.ts', "import 'sharp';", []],
  ['a package that is not there', 'apps/cli/src/service/b1.ts', "import 'no-such-package';", ['found']],
  ['a framework in shared', 'apps/shared/src/b2.ts', "import '@nestjs/common';", ['shared-knows-nobody']],
  [
    'an app in shared',
    'apps/shared/src/b3.ts',
    "import '../../cli/src/errors/x.ts';",
    ['apps-apart', 'shared-knows-nobody'],
  ],
  ['an app in another', 'apps/cli/src/service/b4.ts', "import '../../../controller/src/api/x.ts';", ['apps-apart']],
  ['shared in an app', 'apps/cli/src/service/b5.ts', "import '../../../shared/src/modelversion/x.ts';", []],
  ['a sibling in the CLI', 'apps/cli/src/ml/c1.ts', "import type {} from '../gitops/x.ts';", ['below-ml']],
  ['a room above', 'apps/cli/src/bundles/c2.ts', "export * from '../ml/x.ts';", ['below-bundles']],
  ['the reports in what they are made of', 'apps/cli/src/gitops/c6.ts', "import '../watch/x.ts';", ['below-gitops']],
  ['what they are made of in the reports', 'apps/cli/src/watch/c7.ts', "import '../service/x.ts';", []],
  ['the terminal in errors', 'apps/cli/src/errors/c3.ts', "void import('../terminal/x.ts');", ['below-errors']],
  ['the program in a room', 'apps/cli/src/terminal/c4.ts', "import '../program.ts';", ['below-terminal']],
  ['a room below', 'apps/cli/src/commands/c5.ts', "import '../cluster/x.ts';", []],
  [
    'a version in the runtime',
    'apps/controller/src/runtime/d1.ts',
    "import '../api/x.ts';",
    ['runtime-knows-no-version'],
  ],
  ['a disk in a gate', 'apps/controller/src/model-version/gates/d2.ts', "import 'node:fs';", ['decisions-do-no-io']],
  [
    'the acting in an analysis',
    'apps/controller/src/model-version/analysis/d3.ts',
    "import '../act.ts';",
    ['decisions-do-no-io'],
  ],
  ['the edge in a module', 'apps/inference/src/model/e1.ts', "import '../http/x.ts';", ['edge-is-imported-by-nobody']],
  ['a circle of files', 'apps/cli/src/files/f1.ts', "import './f2.ts';", ['no-circle-of-files']],
  ['its other half, told with the first', 'apps/cli/src/files/f2.ts', "import type {} from './f1.ts';", []],
  ['half a circle of folders', 'apps/cli/src/ml/charts/g1.ts', "import '../data/x.ts';", []],
  ['its other half', 'apps/cli/src/ml/data/g2.ts', "void import('../charts/x.ts');", []],
  ['a test', 'apps/cli/src/errors/h1.spec.ts', "import 'sharp'; import '../ml/x.ts';", []],
];

/** What the rows import. */
const targets = [
  ...['errors', 'terminal', 'cluster', 'service', 'watch', 'gitops', 'ml', 'ml/data', 'ml/charts'].map(
    (room) => `cli/src/${room}/x.ts`,
  ),
  'cli/src/program.ts',
  ...['api/x.ts', 'model-version/act.ts'].map((file) => `controller/src/${file}`),
  'shared/src/modelversion/x.ts',
  'inference/src/http/x.ts',
].map((path) => `apps/${path}`);

/** What dependency-cruiser reports. */
interface Report {
  readonly summary: {
    readonly violations: readonly { readonly from: string; readonly rule: { readonly name: string } }[];
  };
}

describe('the arrows of the architecture', () => {
  let folder: string;
  const brokenBy = new Map<string, Set<string>>();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pawl-arrows-'));
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    const files = [
      ...targets.map((path) => [path, 'export {};'] as const),
      ...rows.map(([, path, text]) => [path, text] as const),
    ];
    for (const [path, text] of files) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [CRUISER, '--config', join(ROOT, '.dependency-cruiser.js'), '--output-type', 'json', 'apps'],
      { cwd: folder, maxBuffer: 64 * 1024 * 1024 },
    );
    for (const { from, rule } of (JSON.parse(stdout) as Report).summary.violations)
      brokenBy.set(from, (brokenBy.get(from) ?? new Set()).add(rule.name));
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it.each(rows)('%s: %s', (_, file, __, broken) => {
    expect([...(brokenBy.get(file) ?? [])].sort()).toEqual(broken);
  });

  it('no circle of folders, which no file shows alone', () => {
    const folders = [...brokenBy].filter(([, names]) => names.has('no-circle-of-folders')).map(([from]) => from);
    expect(folders.sort()).toEqual(['apps/cli/src/ml/charts', 'apps/cli/src/ml/data']);
  });
});
