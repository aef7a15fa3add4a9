/**
 * The arrows of the architecture, enforced: who may import what.
 *
 * - `apps/shared` knows no app and no framework; apps never import each other.
 * - A dependency with a foot in native code, the network or a protocol is imported by one folder, so that replacing it
 *   is one folder's work.
 * - `http`, `web` and `health` are the edge of the service: nothing inside imports them.
 */

/** Dependency -> the only folders that may import it. */
const owners = {
  '@kubernetes/client-node': ['apps/shared/src/kubernetes', 'apps/cli/src/cluster/connection'],
  undici: ['apps/shared/src/kubernetes', 'apps/cli/src/cluster/connection'],
  yaml: [
    'apps/controller/src/model-version',
    'apps/cli/src/terminal',
    'apps/cli/src/ml/params',
    'apps/cli/src/ml/tracking',
    'apps/cli/src/gitops/environments',
    'apps/cli/src/gitops/release',
  ],
  '@bomb.sh/tab': ['apps/cli/src/commands'],
  commander: ['apps/cli/src'],
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
  'pure-rand': ['apps/shared/src/statistics'],
  vega: ['apps/cli/src/ml/charts'],
  'vega-lite': ['apps/cli/src/ml/charts'],
  '@resvg/resvg-js': ['apps/cli/src/ml/charts'],
  '@fastify/busboy': ['apps/inference/src/http'],
  express: ['apps/inference/src/http'],
  pino: ['apps/inference/src/logging', 'apps/controller/src/runtime'],
};

/** Folder -> import patterns that are not allowed from it, with the reason; a folder inside inherits them. */
const forbidden = [
  {
    folder: 'apps/shared/src',
    group: ['@nestjs/*', '@pawl/*', 'rxjs', 'reflect-metadata'],
    message: 'apps/shared knows no framework and no app.',
  },
  ...['inference', 'controller', 'cli'].map((app) => ({
    folder: `apps/${app}/src`,
    group: ['inference', 'controller', 'cli'].filter((other) => other !== app).map((other) => `@pawl/${other}*`),
    message: 'Apps never import each other.',
  })),
  {
    folder: 'apps/controller/src/runtime',
    group: ['**/model-version/*', '**/api/*', '@pawl/shared/modelversion/*'],
    message: 'The runtime knows no ModelVersion.',
  },
  ...['gates', 'analysis'].map((folder) => ({
    folder: `apps/controller/src/model-version/${folder}`,
    group: ['node:*', '**/runtime/*', '**/act.ts', '**/verifier.ts', '**/pod-client.ts', '**/reconciler.ts'],
    message: 'Decisions do no I/O: they see the Facts and nothing else.',
  })),
  ...['config', 'logging', 'model', 'prediction', 'metrics'].map((module) => ({
    folder: `apps/inference/src/${module}`,
    group: ['**/http/*', '**/web/*', '**/health/*'],
    message: 'The edge (http, web, health) imports the inside, never the other way.',
  })),
];

const folders = [...new Set([...Object.values(owners).flat(), ...forbidden.map((rule) => rule.folder)])];

/** The restriction list of one folder: every owned package but its own, and every pattern of the folders above it. */
function restrictions(folder) {
  const within = (parent) => folder !== undefined && (folder === parent || folder.startsWith(`${parent}/`));
  return {
    paths: Object.entries(owners)
      .filter(([, allowed]) => !allowed.some(within))
      .map(([name, allowed]) => ({ name, message: `${name} is imported only by ${allowed.join(', ')}.` })),
    patterns: [
      ...forbidden.filter((rule) => within(rule.folder)).map(({ group, message }) => ({ group, message })),
      // A path inside a package is that package.
      ...Object.entries(owners)
        .filter(([, allowed]) => !allowed.some(within))
        .map(([name, allowed]) => ({
          regex: `^${name}/`,
          message: `${name} is imported only by ${allowed.join(', ')}.`,
        })),
    ],
  };
}

const sources = (folder) => [`${folder}/**/*.ts`];
const tests = ['**/*.spec.ts', '**/test/**', 'test/**', 'bench/**', 'scripts/**'];

export const arrows = [
  { files: ['apps/*/src/**/*.ts'], ignores: tests, rules: { 'no-restricted-imports': ['error', restrictions()] } },
  // Parents come before children, so that the most specific folder decides.
  ...folders
    .sort((a, b) => a.length - b.length)
    .map((folder) => ({
      files: sources(folder),
      ignores: tests,
      rules: { 'no-restricted-imports': ['error', restrictions(folder)] },
    })),
];
