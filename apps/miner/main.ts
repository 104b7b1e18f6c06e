/** The miner as a process of its own: `node dist/apps/miner/main.js`; settings in docs/config.md. */
import 'reflect-metadata';
import { loadConfig } from '#config';
import { runProcess } from '#lifecycle';
import { startMiner } from './miner-process.js';

runProcess({
  name: 'miner',
  start: () => startMiner(loadConfig({ app: 'miner', argv: process.argv.slice(2) })),
});
