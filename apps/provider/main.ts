/** A storage provider as a process of its own: `node dist/apps/provider/main.js`; settings in docs/config.md. */
import 'reflect-metadata';
import { loadConfig } from '#config';
import { runProcess } from '#lifecycle';
import { startProvider } from './provider-process.js';

runProcess({
  name: 'provider',
  start: () => startProvider(loadConfig({ app: 'provider', argv: process.argv.slice(2) })),
});
