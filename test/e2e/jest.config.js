import base from '../../jest.config.js';

/** The scenarios on a real cluster: one file after another, because they share it. */
export default {
  ...base,
  rootDir: '../..',
  testMatch: ['<rootDir>/test/e2e/*.e2e.ts'],
  globalSetup: '<rootDir>/test/e2e/global-setup.js',
  maxWorkers: 1,
  testTimeout: 600_000,
  reporters: ['default', ['jest-junit', { outputDirectory: 'reports', outputName: 'junit-e2e.xml' }]],
};
