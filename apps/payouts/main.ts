/** The payouts service as a process of its own: `node dist/apps/payouts/main.js`; settings in docs/config.md. */
import 'reflect-metadata';
import { loadConfig } from '#config';
import { runProcess } from '#lifecycle';
import { startPayouts } from './payouts.js';

runProcess({
  name: 'payouts',
  start: () => startPayouts(loadConfig({ app: 'payouts', argv: process.argv.slice(2) })),
});
