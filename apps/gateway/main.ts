/** The gateway as a process of its own: `node dist/apps/gateway/main.js`; settings in docs/config.md. */
import 'reflect-metadata';
import { loadConfig } from '#config';
import { runProcess } from '#lifecycle';
import { startGateway } from './gateway.js';

runProcess({
  name: 'gateway',
  start: () => startGateway(loadConfig({ app: 'gateway', argv: process.argv.slice(2) })),
});
