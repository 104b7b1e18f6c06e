/** The chain node as a process of its own: `node dist/apps/chain-node/main.js`; settings in docs/config.md. */
import 'reflect-metadata';
import { loadConfig } from '#config';
import { runProcess } from '#lifecycle';
import { startChainNode } from './chain-node.js';

runProcess({
  name: 'chain-node',
  start: () => startChainNode(loadConfig({ app: 'chain-node', argv: process.argv.slice(2) })),
});
