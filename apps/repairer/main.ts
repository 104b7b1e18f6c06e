/** A repairer as a process of its own: `node dist/apps/repairer/main.js`; settings in docs/config.md. */
import 'reflect-metadata';
import { loadConfig } from '#config';
import { runProcess } from '#lifecycle';
import { startRepairer } from './repairer-process.js';

runProcess({
  name: 'repairer',
  start: () => startRepairer(loadConfig({ app: 'repairer', argv: process.argv.slice(2) })),
});
