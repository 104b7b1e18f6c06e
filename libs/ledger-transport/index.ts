/**
 * Owns: the ledger port between processes of one operator, over Nest's Redis transport: the handlers beside a ledger,
 *   and the port on the other side.
 * Does not own: the ledger (libs/ledger), its public HTTP API (libs/node-api), jobs over Redis (libs/jobs),
 *   connections to Redis (libs/redis).
 * Read next: ledger-message-controller.ts, redis-ledger.ts, follow-sessions.ts.
 */
export { LedgerMessagesModule } from './ledger-message-controller.js';
export { FOLLOW_PATTERN, ledgerPattern } from './patterns.js';
export {
  createRedisLedger,
  openRedisLedger,
  type RedisLedger,
  type RedisLedgerOptions,
} from './redis-ledger.js';
export { serveLedgerOnRedis } from './serve-ledger.js';
