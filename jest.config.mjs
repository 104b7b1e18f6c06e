// Jest runs on the built code: what ships is what is tested (docs/adr/0001-runtime.md).
export default {
  rootDir: 'dist',
  testMatch: ['<rootDir>/**/*.test.js'],
  transform: {},
  testEnvironment: 'node',
  testTimeout: 30_000,
  maxWorkers: 2,
};
