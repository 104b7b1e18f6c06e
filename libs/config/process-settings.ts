import { amount, oneOf, port, setting, text, url, wholeNumber } from './setting.js';

/** Doors, databases, logs and secrets of a process; renewals. */
export const PROCESS_SETTINGS = {
  gatewayPort: setting({
    env: 'CAIRN_GATEWAY_PORT',
    flag: 'gateway-port',
    type: port(),
    default: '7102',
    description: 'Port of the gateway.',
    apps: ['site', 'gateway', 'devnet'],
  }),
  adminPort: setting({
    env: 'CAIRN_ADMIN_PORT',
    flag: 'admin-port',
    type: port(),
    default: '7103',
    description: 'Port of the admin API and the web page.',
    apps: ['site', 'admin-api', 'devnet'],
  }),
  opsPort: setting({
    env: 'CAIRN_OPS_PORT',
    flag: 'ops-port',
    type: port(),
    default: '0',
    description: 'Port of /healthz, /readyz and /metrics of an app that has no HTTP API of its own.',
    apps: ['pool', 'miner', 'market', 'placement', 'registry', 'payouts'],
  }),
  redisUrl: setting({
    env: 'REDIS_URL',
    flag: 'redis-url',
    type: url('redis:', 'rediss:'),
    default: undefined,
    description:
      'Redis for jobs and between the services. Unset: an embedded queue, everything in one process.',
    apps: [
      'site',
      'chain-node',
      'miner',
      'market',
      'placement',
      'registry',
      'payouts',
      'gateway',
      'admin-api',
      'devnet',
    ],
    secret: true,
  }),
  databaseUrl: setting({
    env: 'DATABASE_URL',
    flag: 'database-url',
    type: text(
      'sqlite (a file in the data folder), sqlite:PATH or postgres://…',
      /^(sqlite(:.+)?|postgres(ql)?:\/\/.+)$/,
    ),
    default: 'sqlite',
    description: "Where the ledger's index is kept.",
    apps: ['site', 'chain-node'],
    secret: true,
  }),
  rebuild: setting({
    env: 'CAIRN_REBUILD',
    flag: 'rebuild',
    type: oneOf('on', 'off'),
    default: 'off',
    description:
      'Moves the chain file aside at this start and builds it anew from the blocks in it, the index too. Damage that is ' +
      'found by itself needs no setting.',
    apps: ['site', 'chain-node'],
  }),
  checkInvariants: setting({
    env: 'CAIRN_CHECK_INVARIANTS',
    flag: 'check-invariants',
    type: oneOf('on', 'off'),
    default: 'off',
    description:
      'Holds what every block changes against what must hold of any block (supply, escrow, collateral, lots, schedule). ' +
      'A broken invariant is a fault of ours: the node ends and names contract and figures. Costs about as much as the block.',
    apps: ['site', 'chain-node'],
  }),
  logLevel: setting({
    env: 'CAIRN_LOG_LEVEL',
    flag: 'log-level',
    type: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    default: 'info',
    description: 'The least important messages that are logged.',
    apps: 'all',
  }),
  logFormat: setting({
    env: 'CAIRN_LOG_FORMAT',
    flag: 'log-format',
    type: oneOf('pretty', 'json'),
    default: 'pretty',
    description: 'Logs for people or for machines; both go to standard error.',
    apps: 'all',
  }),
  noColor: setting({
    env: 'NO_COLOR',
    flag: 'no-color',
    type: { schema: text('').schema.transform(() => true), allowed: 'any value (see no-color.org)' },
    default: undefined,
    description: 'Any value turns colours off.',
    apps: 'all',
  }),
  passphrase: setting({
    env: 'CAIRN_PASSPHRASE',
    flag: 'passphrase',
    type: text('any text'),
    default: undefined,
    description: 'Opens the keystore without asking. Prefer the prompt, or a secret of the service manager.',
    apps: ['pool', 'site', 'provider', 'repairer', 'gateway', 'cli', 'devnet'],
    secret: true,
  }),
  renewLimit: setting({
    env: 'CAIRN_RENEW_LIMIT',
    flag: 'renew-limit',
    type: amount(),
    default: undefined,
    description:
      'The most, in base units, that automatic renewals of the gateway’s contracts may take, all of them together; without it nothing is renewed by itself, and lapses are warned about.',
    apps: ['site', 'gateway', 'devnet'],
  }),
  renewEpochs: setting({
    env: 'CAIRN_RENEW_EPOCHS',
    flag: 'renew-epochs',
    type: wholeNumber(1, 3_650),
    default: '30',
    description: 'Term of an automatic renewal, in epochs.',
    apps: ['site', 'gateway', 'devnet'],
  }),
} as const;
