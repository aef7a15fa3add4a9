/**
 * The arrows of the architecture, enforced: who may import what. Every way to import counts: `import`, `import type`,
 * `export from`, `import()` and `require()`.
 *
 * - No circle of files, and none of folders.
 * - `apps/shared` knows no app and no framework; apps never import each other.
 * - A dependency with a foot in native code, the network or a protocol is imported by one folder, so that replacing it
 *   is one folder's work.
 * - The rooms of the CLI are in rows; a room imports rooms of lower rows alone.
 * - `http`, `web` and `health` are the edge of the service: nothing inside imports them.
 *
 * test/arrows.spec.ts breaks each of them.
 */

/** Dependency -> the only folders that may import it. */
const owners = {
  '@kubernetes/client-node': ['apps/shared/src/kubernetes'],
  undici: ['apps/shared/src/kubernetes'],
  yaml: [
    'apps/controller/src/model-version',
    'apps/cli/src/commands',
    'apps/cli/src/ml/params',
    'apps/cli/src/ml/tracking',
    'apps/cli/src/gitops/environments',
    'apps/cli/src/gitops/release',
  ],
  '@bomb.sh/tab': ['apps/cli/src/commands'],
  commander: ['apps/cli/src/commands', 'apps/cli/src/program.ts'],
  'log-update': ['apps/cli/src/terminal'],
  'onnxruntime-node': ['apps/shared/src/execution'],
  'onnxruntime-common': ['apps/shared/src/execution'],
  sharp: ['apps/shared/src/preprocessing'],
  'prom-client': ['apps/inference/src/metrics', 'apps/controller/src/runtime'],
  '@willsoto/nestjs-prometheus': ['apps/inference/src/metrics'],
  '@aws-sdk/client-s3': ['apps/shared/src/bundle/stores'],
  'tar-stream': ['apps/shared/src/bundle', 'apps/cli/src/ml/data'],
  'simple-git': ['apps/cli/src/gitops/git'],
  '@bufbuild/protobuf': ['apps/cli/src/bundles/onnx'],
  'hyparquet-writer': ['apps/cli/src/service/log'],
  '@opentelemetry/[^/]+': ['apps/inference/src/tracing'],
  'pure-rand': ['apps/shared/src/statistics'],
  vega: ['apps/cli/src/ml/charts'],
  'vega-lite': ['apps/cli/src/ml/charts'],
  '@resvg/resvg-js': ['apps/cli/src/ml/charts'],
  '@fastify/busboy': ['apps/inference/src/http'],
  express: ['apps/inference/src/http'],
  'ipaddr.js': ['apps/inference/src/http/clients'],
  pino: ['apps/inference/src/logging', 'apps/controller/src/runtime'],
};

/** The rooms of the CLI in rows: each may import those of the rows after its own. */
const rooms = [
  ['commands'],
  ['watch'],
  ['service', 'ml', 'gitops'],
  ['bundles', 'cluster'],
  ['files', 'terminal', 'pages'],
  ['errors'],
];

/** A path, or what is in it, as a pattern. */
const within = (...paths) => `^(${paths.map((path) => path.replaceAll('.', '\\.')).join('|')})(/|$)`;
/** Files of a package. */
const ofPackage = (...names) => `(^|/)node_modules/(@types/)?(${names.join('|')})/`;

const error = (name, comment, from, to, more = {}) => ({ name, comment, severity: 'error', from, to, ...more });

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    error('no-circle-of-files', 'Files that import each other cannot be read one by one.', {}, { circular: true }),
    error(
      'no-circle-of-folders',
      'Folders that import each other are one folder.',
      {},
      { circular: true },
      {
        scope: 'folder',
      },
    ),
    error('found', 'What is imported exists.', {}, { couldNotResolve: true }),
    error(
      'shared-knows-nobody',
      'apps/shared knows no framework and no app.',
      { path: within('apps/shared/src') },
      {
        path: [
          within('apps/inference', 'apps/controller', 'apps/cli'),
          ofPackage('@nestjs/[^/]+', 'rxjs', 'reflect-metadata'),
        ],
      },
    ),
    error(
      'apps-apart',
      'Apps never import each other.',
      { path: '^apps/([^/]+)/src/' },
      { path: '^apps/', pathNot: '^apps/($1|shared)/' },
    ),
    ...Object.entries(owners).map(([name, folders]) =>
      error(
        `only-one-imports-${name}`,
        `${name} is imported only by ${folders.join(', ')}.`,
        { pathNot: within(...folders) },
        { path: ofPackage(name) },
      ),
    ),
    ...rooms.flatMap((row, index) =>
      row.map((room) =>
        error(
          `below-${room}`,
          `apps/cli/src/${room} imports ${
            rooms
              .slice(index + 1)
              .flat()
              .join(', ') || 'no other room'
          }.`,
          { path: within(`apps/cli/src/${room}`) },
          {
            path: '^apps/cli/src/',
            pathNot: within(...[room, ...rooms.slice(index + 1).flat()].map((each) => `apps/cli/src/${each}`)),
          },
        ),
      ),
    ),
    error(
      'runtime-knows-no-version',
      'The runtime knows no ModelVersion.',
      { path: within('apps/controller/src/runtime') },
      { path: within('apps/controller/src/model-version', 'apps/controller/src/api', 'apps/shared/src/modelversion') },
    ),
    error(
      'decisions-do-no-io',
      'Decisions do no I/O: they see the Facts and nothing else.',
      { path: within('apps/controller/src/model-version/gates', 'apps/controller/src/model-version/analysis') },
      {
        path: [
          within('apps/controller/src/runtime'),
          '^apps/controller/src/model-version/(act|gather|verifier|pod-client|acceptance-runner|status-writer|reconciler)\\.ts$',
        ],
      },
    ),
    error(
      'decisions-do-no-io',
      'Decisions do no I/O: they see the Facts and nothing else.',
      { path: within('apps/controller/src/model-version/gates', 'apps/controller/src/model-version/analysis') },
      { dependencyTypes: ['core'] },
    ),
    error(
      'edge-is-imported-by-nobody',
      'The edge (http, web, health) imports the inside, never the other way.',
      {
        path: within(
          ...['config', 'logging', 'model', 'prediction', 'feedback', 'metrics'].map(
            (each) => `apps/inference/src/${each}`,
          ),
        ),
      },
      { path: within(...['http', 'web', 'health'].map((each) => `apps/inference/src/${each}`)) },
    ),
  ],
  options: {
    doNotFollow: { path: '(^|/)node_modules/' },
    // Tests may look behind every wall.
    exclude: { path: ['\\.spec\\.ts$', '/src/.*/test/', '^apps/[^/]+/test/', '^apps/[^/]+/dist/'] },
    tsPreCompilationDeps: true,
    moduleSystems: ['es6', 'cjs'],
    detectProcessBuiltinModuleCalls: true,
    enhancedResolveOptions: {
      conditionNames: ['pawl-source', 'import', 'node', 'default', 'types'],
      exportsFields: ['exports'],
    },
  },
};
