/** The pool as a process of its own: `node dist/apps/pool/main.js`; settings in docs/config.md. */
import 'reflect-metadata';
import { loadConfig } from '#config';
import { runProcess } from '#lifecycle';
import { startPool } from './pool-process.js';

runProcess({
  name: 'pool',
  start: () => startPool(loadConfig({ app: 'pool', argv: process.argv.slice(2) })),
});
