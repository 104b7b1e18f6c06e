/**
 * Owns: miners written from the protocols they speak, apart from our own code: one that computes as pooler's cpuminer does
 *   (Stratum and getblocktemplate), one that computes as cgminer does for hardware that rolls versions.
 * Does not own: the servers they test. Only tests import this.
 * Read next: cpuminer-words.ts, hardware-miner.ts.
 */
export { CpuMiner } from './cpu-miner.js';
export { GbtMiner, type GbtTemplate } from './gbt-miner.js';
export { HardwareMiner } from './hardware-miner.js';
export { LineClient, type StratumReply } from './line-client.js';
