import {
  amount,
  duration,
  fraction,
  hostNames,
  nodeAddresses,
  oneOf,
  port,
  positiveNumber,
  type Setting,
  size,
  text,
  url,
  wholeNumber,
} from './setting.js';

/** Every setting there is. The order is the order of docs/config.md. */
export const SETTINGS = {
  network: setting({
    env: 'CAIRN_NETWORK',
    flag: 'network',
    type: oneOf('devnet', 'testnet', 'mainnet'),
    default: 'devnet',
    description: 'The network to join; a data folder belongs to one network.',
    apps: 'all',
  }),
  dataDir: setting({
    env: 'CAIRN_DATA_DIR',
    flag: 'data-dir',
    type: text('a path of a folder; ~ is the home folder'),
    default: '~/.cairn',
    description: 'Where this process keeps its files. Two processes never share one.',
    apps: 'all',
  }),
  nodeUrl: setting({
    env: 'CAIRN_NODE_URL',
    flag: 'node-url',
    type: url('http:', 'https:'),
    default: 'http://127.0.0.1:7101',
    description: "Address of the chain node's HTTP API.",
    apps: [
      'pool',
      'provider',
      'gateway',
      'admin-api',
      'miner',
      'market',
      'placement',
      'registry',
      'payouts',
      'cli',
    ],
  }),
  host: setting({
    env: 'CAIRN_HOST',
    flag: 'host',
    type: text('a host name or an IP address to listen on', /^[\w.:-]+$/),
    default: '127.0.0.1',
    description: 'The address to listen on. Everything is bound to this machine unless this says otherwise.',
    apps: [
      'pool',
      'site',
      'chain-node',
      'gateway',
      'admin-api',
      'provider',
      'market',
      'placement',
      'registry',
      'payouts',
      'miner',
      'devnet',
    ],
  }),
  allowedHosts: setting({
    env: 'CAIRN_ALLOWED_HOSTS',
    flag: 'allowed-hosts',
    type: hostNames(),
    default: undefined,
    description:
      'Names under which requests are answered, such as that of a proxy in front. IP addresses, localhost, the host listened on and the host of a public URL always are; others are refused, so that no web page can point a name of its own at this app.',
    apps: [
      'pool',
      'site',
      'chain-node',
      'gateway',
      'admin-api',
      'provider',
      'market',
      'placement',
      'registry',
      'payouts',
      'miner',
      'cli',
      'devnet',
    ],
  }),
  nodePort: setting({
    env: 'CAIRN_NODE_PORT',
    flag: 'node-port',
    type: port(),
    default: '7101',
    description: "Port of the chain node's HTTP API.",
    apps: ['site', 'chain-node', 'devnet'],
  }),
  p2pPort: setting({
    env: 'CAIRN_P2P_PORT',
    flag: 'p2p-port',
    type: port(),
    default: '7104',
    description: 'Port on which other nodes reach this one (TCP, libp2p).',
    apps: ['site', 'chain-node', 'devnet'],
  }),
  p2pHost: setting({
    env: 'CAIRN_P2P_HOST',
    flag: 'p2p-host',
    type: text('an IP address to listen on', /^(localhost|[\d.]+|[\da-fA-F:]+)$/),
    default: '127.0.0.1',
    description:
      'The address to listen on for other nodes; 0.0.0.0 for all. Loopback reaches this machine only.',
    apps: ['site', 'chain-node'],
  }),
  p2pAnnounce: setting({
    env: 'CAIRN_P2P_ANNOUNCE',
    flag: 'p2p-announce',
    type: nodeAddresses(),
    default: undefined,
    description:
      'Addresses under which other nodes reach this one, where those it listens on are not the ones (a forwarded port).',
    apps: ['site', 'chain-node'],
  }),
  p2pBootstrap: setting({
    env: 'CAIRN_P2P_BOOTSTRAP',
    flag: 'bootstrap',
    type: nodeAddresses(),
    default: undefined,
    description: 'Nodes to begin with; more are learned from them and remembered.',
    apps: ['site', 'chain-node'],
  }),
  p2pDiscovery: setting({
    env: 'CAIRN_P2P_DISCOVERY',
    flag: 'p2p-discovery',
    type: oneOf('all', 'bootstrap'),
    default: 'all',
    description:
      'all: look for nodes everywhere; bootstrap: call those of the bootstrap list and nobody else.',
    apps: ['site', 'chain-node'],
  }),
  p2pMdns: setting({
    env: 'CAIRN_P2P_MDNS',
    flag: 'p2p-mdns',
    type: oneOf('auto', 'on', 'off'),
    default: 'auto',
    description:
      'Look for nodes in the local network. auto: unless the network is devnet or only loopback is listened on.',
    apps: ['site', 'chain-node'],
  }),
  p2pMaxPeers: setting({
    env: 'CAIRN_P2P_MAX_PEERS',
    flag: 'p2p-max-peers',
    type: wholeNumber(1, 1_000),
    default: '64',
    description:
      'Connections to other nodes at most; an eighth of them, at least one, are of our own choice.',
    apps: ['site', 'chain-node'],
  }),
  p2pRelay: setting({
    env: 'CAIRN_P2P_RELAY',
    flag: 'p2p-relay',
    type: oneOf('off', 'client', 'server'),
    default: 'client',
    description:
      'client: be reached through a relay while nobody reaches this node directly (NAT); server: relay for others, for nodes with a public address; off: neither.',
    apps: ['site', 'chain-node'],
  }),
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
    apps: ['pool', 'site', 'provider', 'gateway', 'cli', 'devnet'],
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
  providerPort: setting({
    env: 'CAIRN_PROVIDER_PORT',
    flag: 'provider-port',
    type: port(),
    default: '7110',
    description:
      'Port on which a provider serves fragments. The devnet numbers its providers upwards from the next one.',
    apps: ['provider', 'cli', 'devnet'],
  }),
  providerCapacity: setting({
    env: 'CAIRN_PROVIDER_CAPACITY',
    flag: 'provider-capacity',
    type: size(),
    default: '10GiB',
    description: 'How much a provider offers to keep.',
    apps: ['provider', 'cli', 'devnet'],
  }),
  providerPrice: setting({
    env: 'CAIRN_PROVIDER_PRICE',
    flag: 'provider-price',
    type: amount(),
    default: '1000000',
    description: 'The asking price in base units per GiB and epoch.',
    apps: ['provider', 'cli', 'devnet'],
  }),
  providerBasePrice: setting({
    env: 'CAIRN_PROVIDER_BASE_PRICE',
    flag: 'provider-base-price',
    type: amount(),
    default: '20000',
    description:
      'The asking price in base units per contract and epoch, whatever its size: pays for the proof.',
    apps: ['provider', 'cli', 'devnet'],
  }),
  providerReadPrice: setting({
    env: 'CAIRN_PROVIDER_READ_PRICE',
    flag: 'provider-read-price',
    type: amount(),
    default: '0',
    description:
      'The asking price in base units per GiB read, beyond what is free. 0: reading costs nothing.',
    apps: ['provider', 'cli', 'devnet'],
  }),
  providerFreeRead: setting({
    env: 'CAIRN_PROVIDER_FREE_READ',
    flag: 'provider-free-read',
    type: size(),
    default: '0',
    description:
      'How much of each contract is read for nothing in every epoch, where reading costs something.',
    apps: ['provider', 'cli', 'devnet'],
  }),
  providerCollateralBps: setting({
    env: 'CAIRN_PROVIDER_COLLATERAL_BPS',
    flag: 'provider-collateral-bps',
    type: wholeNumber(5_000, 100_000),
    default: '10000',
    description: "What a provider locks for a contract, in 1/10000 of the contract's whole price.",
    apps: ['provider', 'cli', 'devnet'],
  }),
  publicUrl: setting({
    env: 'CAIRN_PUBLIC_URL',
    flag: 'public-url',
    type: url('http:', 'https:'),
    default: undefined,
    description: 'The address under which clients reach this provider. Unset: the address it listens on.',
    apps: ['provider', 'cli'],
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

export type SettingKey = keyof typeof SETTINGS;

type ValueOf<S> = S extends Setting<infer T> ? T : never;
type IsOptional<K extends SettingKey> = (typeof SETTINGS)[K] extends { readonly default: string }
  ? false
  : true;

/** All settings, read and checked. Those that an app does not use have their values too. */
export type Config = {
  readonly [K in SettingKey]: IsOptional<K> extends true
    ? ValueOf<(typeof SETTINGS)[K]> | undefined
    : ValueOf<(typeof SETTINGS)[K]>;
};

function setting<T, const D extends string | undefined>(
  row: Setting<T> & { readonly default: D },
): Setting<T> & { readonly default: D } {
  return row;
}
