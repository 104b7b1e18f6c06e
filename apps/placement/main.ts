/** The placement service as a process of its own: `node dist/apps/placement/main.js`; settings in docs/config.md. */
import 'reflect-metadata';
import { loadConfig } from '#config';
import { runProcess } from '#lifecycle';
import { startPlacement } from './placement.js';

runProcess({
  name: 'placement',
  start: () => startPlacement(loadConfig({ app: 'placement', argv: process.argv.slice(2) })),
});
