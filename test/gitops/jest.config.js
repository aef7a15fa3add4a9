import base from '../../jest.config.js';

/** The GitOps walkthrough on a real cluster with Argo CD: one file, because each step builds on the step before it. */
export default {
  ...base,
  rootDir: '../..',
  testMatch: ['<rootDir>/test/gitops/*.e2e.ts'],
  globalSetup: '<rootDir>/test/gitops/global-setup.js',
  maxWorkers: 1,
  testTimeout: 900_000,
  // A run that failed ends, too, whatever it left open.
  forceExit: true,
  reporters: ['default', ['jest-junit', { outputDirectory: 'reports', outputName: 'junit-e2e-gitops.xml' }]],
};
