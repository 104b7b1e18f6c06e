import { coins, duration, port, setting, size, text, url } from './setting.js';

/** The repairer, who names it, and how long anybody is waited for. */
export const REPAIR_SETTINGS = {
  repairer: setting({
    env: 'CAIRN_REPAIRER',
    flag: 'repairer',
    type: text('the address of a repairer, or none', /^(none|[a-z0-9]{8,90})$/),
    default: undefined,
    description:
      'Who keeps stored files whole while their owner is away: named in every new contract, and given what it needs to rebuild fragments, never what it needs to read. none: nobody. Unset: nobody; in the site, its own.',
    apps: ['site', 'gateway', 'cli', 'devnet'],
  }),
  repairReserve: setting({
    env: 'CAIRN_RESERVE',
    flag: 'reserve',
    type: coins(),
    default: undefined,
    description:
      'Coins set aside in each contract for its repair; what no repair needs returns. Unset: what the repairer suggests.',
    apps: ['site', 'gateway', 'cli'],
  }),
  repairerPort: setting({
    env: 'CAIRN_REPAIRER_PORT',
    flag: 'repairer-port',
    type: port(),
    default: '7105',
    description: 'Port of the repairer.',
    apps: ['site', 'repairer', 'devnet'],
  }),
  repairerUrl: setting({
    env: 'CAIRN_REPAIRER_URL',
    flag: 'repairer-url',
    type: url('http:', 'https:'),
    default: undefined,
    description:
      'The address under which clients reach the repairer, announced on chain. Unset: the address it listens on is announced on a devnet, and nothing elsewhere.',
    apps: ['site', 'repairer'],
  }),
  repairRate: setting({
    env: 'CAIRN_REPAIR_RATE',
    flag: 'repair-rate',
    type: size(),
    default: undefined,
    description: 'Bytes a second that repairs may read and write together, such as 10MiB. Unset: no limit.',
    apps: ['site', 'repairer'],
  }),
  repairHours: setting({
    env: 'CAIRN_REPAIR_HOURS',
    flag: 'repair-hours',
    type: text('all, off, or hours of the day such as 22-6', /^(all|off|\d{1,2}-\d{1,2})$/),
    default: 'all',
    description:
      'When fragments are moved, by the hours of this machine’s clock: always, never, or from one hour to another. Watching goes on at all hours.',
    apps: ['site', 'repairer'],
  }),
  requestTimeoutMs: setting({
    env: 'CAIRN_REQUEST_TIMEOUT',
    flag: 'request-timeout',
    type: duration(),
    default: '30s',
    description: 'How long to wait for an answer of another machine before trying elsewhere.',
    apps: [
      'pool',
      'provider',
      'repairer',
      'gateway',
      'cli',
      'market',
      'placement',
      'registry',
      'payouts',
      'admin-api',
      'site',
    ],
  }),
} as const;
