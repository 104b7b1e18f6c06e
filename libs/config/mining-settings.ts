import { amount, fraction, oneOf, port, positiveNumber, setting, text, wholeNumber } from './setting.js';

/** The miner, its servers and the pool. */
export const MINING_SETTINGS = {
  minerAddress: setting({
    env: 'CAIRN_MINER_ADDRESS',
    flag: 'miner-address',
    type: text('an address of the network', /^[a-z0-9]{8,90}$/),
    default: undefined,
    description: 'Who is paid for mined blocks.',
    apps: ['pool', 'site', 'chain-node', 'miner', 'cli', 'devnet'],
  }),
  minerShare: setting({
    env: 'CAIRN_MINER_SHARE',
    flag: 'miner-share',
    type: fraction(256),
    default: '0.05',
    description:
      'Cores that all threads of the built-in miner together may use: 0.05 of one, or 2 for two threads at full speed.',
    apps: ['site', 'miner', 'cli', 'devnet'],
  }),
  minerThreads: setting({
    env: 'CAIRN_MINER_THREADS',
    flag: 'miner-threads',
    type: wholeNumber(1, 256),
    default: '1',
    description: 'How many worker threads mine.',
    apps: ['site', 'miner', 'cli', 'devnet'],
  }),
  stratumPort: setting({
    env: 'CAIRN_STRATUM_PORT',
    flag: 'stratum-port',
    type: port(),
    default: undefined,
    description:
      'Port on which mining hardware is served (Stratum v1). Unset: the pool listens on 3333, the site serves none.',
    apps: ['pool', 'site'],
  }),
  stratumHost: setting({
    env: 'CAIRN_STRATUM_HOST',
    flag: 'stratum-host',
    type: text('a host name or an IP address to listen on', /^[\w.:-]+$/),
    default: undefined,
    description:
      'The address on which mining hardware is served; 0.0.0.0 for a whole network. Unset: the host of everything else.',
    apps: ['pool', 'site'],
  }),
  miningRpcPort: setting({
    env: 'CAIRN_MINING_RPC_PORT',
    flag: 'mining-rpc-port',
    type: port(),
    default: undefined,
    description: 'Port of getblocktemplate and submitblock (JSON-RPC over HTTP). Unset: they are not served.',
    apps: ['pool', 'site'],
  }),
  miningRpcPassword: setting({
    env: 'CAIRN_MINING_RPC_PASSWORD',
    flag: 'mining-rpc-password',
    type: text('any text'),
    default: undefined,
    description:
      'What callers of getblocktemplate must give as password; their user name is the address to be paid. Unset: none.',
    apps: ['pool', 'site'],
    secret: true,
  }),
  poolScheme: setting({
    env: 'CAIRN_POOL_SCHEME',
    flag: 'pool-scheme',
    type: oneOf('solo', 'proportional', 'pplns'),
    default: 'solo',
    description:
      'Who is paid for a block of the Stratum miners: the one who found it (solo), or all by their shares since the last paid block (proportional) or by the last shares (pplns).',
    apps: ['pool', 'site'],
  }),
  poolFeeBps: setting({
    env: 'CAIRN_POOL_FEE_BPS',
    flag: 'pool-fee-bps',
    type: wholeNumber(0, 10_000),
    default: '100',
    description: 'What the pool keeps of a reward that it shares, in 1/10000.',
    apps: ['pool', 'site'],
  }),
  poolMinPayout: setting({
    env: 'CAIRN_POOL_MIN_PAYOUT',
    flag: 'pool-min-payout',
    type: amount(),
    default: '1000000000',
    description: 'Less than this, in base units, the pool keeps for a miner until it is more.',
    apps: ['pool', 'site'],
  }),
  sharesPerMinute: setting({
    env: 'CAIRN_SHARES_PER_MINUTE',
    flag: 'shares-per-minute',
    type: wholeNumber(1, 6_000),
    default: '20',
    description: 'How many shares a connection should send; its difficulty is moved until it does.',
    apps: ['pool', 'site'],
  }),
  shareDifficulty: setting({
    env: 'CAIRN_SHARE_DIFFICULTY',
    flag: 'share-difficulty',
    type: positiveNumber(),
    default: undefined,
    description:
      "The difficulty of a new connection's shares, rounded down to a power of two. Unset: 1, on a devnet 1/4096.",
    apps: ['pool', 'site'],
  }),
} as const;
