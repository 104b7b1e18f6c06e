/** All of one operator in one process: `node dist/apps/site/main.js`; settings in docs/config.md. */
import 'reflect-metadata';
import { loadConfig } from '#config';
import { runProcess } from '#lifecycle';
import { startSite } from './site.js';

runProcess({
  name: 'site',
  start: () => startSite(loadConfig({ app: 'site', argv: process.argv.slice(2) })),
});
