/** The registry service as a process of its own: `node dist/apps/registry/main.js`; settings in docs/config.md. */
import 'reflect-metadata';
import { loadConfig } from '#config';
import { runProcess } from '#lifecycle';
import { startRegistry } from './registry.js';

runProcess({
  name: 'registry',
  start: () => startRegistry(loadConfig({ app: 'registry', argv: process.argv.slice(2) })),
});
