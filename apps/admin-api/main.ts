/** The admin API with its web page as a process of its own: `node dist/apps/admin-api/main.js`; settings in docs/config.md. */
import 'reflect-metadata';
import { loadConfig } from '#config';
import { runProcess } from '#lifecycle';
import { startAdminApi } from './admin-api.js';

runProcess({
  name: 'admin-api',
  start: () => startAdminApi(loadConfig({ app: 'admin-api', argv: process.argv.slice(2) })),
});
