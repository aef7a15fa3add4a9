import base from '../../jest.config.js';

/** The story of GitOps on a real cluster with Argo CD: one file, because every step builds on the one before. */
export default {
  ...base,
  rootDir: '../..',
  testMatch: ['<rootDir>/test/gitops/*.e2e.ts'],
  globalSetup: '<rootDir>/test/gitops/global-setup.js',
  maxWorkers: 1,
  testTimeout: 900_000,
  reporters: ['default', ['jest-junit', { outputDirectory: 'reports', outputName: 'junit-e2e-gitops.xml' }]],
};
