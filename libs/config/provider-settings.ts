import { amount, port, setting, size, url, volumes, wholeNumber } from './setting.js';

/** What a provider offers, and where. */
export const PROVIDER_SETTINGS = {
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
    description:
      'How much a provider keeps in its data folder; `cairn provider volume resize` gives it another capacity.',
    apps: ['provider', 'cli', 'devnet'],
  }),
  providerVolumes: setting({
    env: 'CAIRN_PROVIDER_VOLUMES',
    flag: 'provider-volumes',
    type: volumes(),
    default: undefined,
    description:
      'Further folders in which a provider keeps fragments, best on disks of their own, with their capacities.',
    apps: ['provider', 'cli'],
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
} as const;
