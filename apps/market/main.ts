/** The market service as a process of its own: `node dist/apps/market/main.js`; settings in docs/config.md. */
import 'reflect-metadata';
import { loadConfig } from '#config';
import { runProcess } from '#lifecycle';
import { startMarket } from './market.js';

runProcess({
  name: 'market',
  start: () => startMarket(loadConfig({ app: 'market', argv: process.argv.slice(2) })),
});
