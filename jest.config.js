/** Jest runs the TypeScript sources as ES modules; SWC keeps the decorator metadata that Nest's injector reads. */
export default {
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['pawl-source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  testMatch: [
    '<rootDir>/apps/*/src/**/*.spec.ts',
    '<rootDir>/apps/*/test/**/*.spec.ts',
    '<rootDir>/monitoring/src/**/*.spec.ts',
    '<rootDir>/test/**/*.spec.ts',
  ],
  modulePathIgnorePatterns: ['<rootDir>/apps/.*/dist/'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          target: 'es2024',
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  setupFiles: ['<rootDir>/test/support/load-nest.ts'],
  testTimeout: 180_000,
  testSequencer: '<rootDir>/test/sequencer.js',
  maxWorkers: 2,
  // A worker that is done is at its end in a few ms, but on a busy machine V8 takes seconds to take its heap down. Jest's
  // 500 ms take that for a leak.
  workerGracefulExitTimeout: 20_000,
  reporters: ['default', ['jest-junit', { outputDirectory: 'reports', outputName: 'junit.xml' }]],
};
