import base from '../../jest.config.js';

/** The scenarios on a real cluster: files side by side, each in a namespace of its own. */
export default {
  ...base,
  rootDir: '../..',
  testMatch: ['<rootDir>/test/e2e/*.e2e.ts'],
  globalSetup: '<rootDir>/test/e2e/global-setup.js',
  globalTeardown: '<rootDir>/test/e2e/global-teardown.ts',
  testSequencer: '<rootDir>/test/e2e/sequencer.js',
  maxWorkers: Number(process.env.PAWL_E2E_LANES ?? 3),
  testTimeout: 600_000,
  // A run that failed ends, too, whatever it left open.
  forceExit: true,
  reporters: ['default', ['jest-junit', { outputDirectory: 'reports', outputName: 'junit-e2e.xml' }]],
};
