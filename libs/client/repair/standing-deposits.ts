import { hexToBytes } from '#crypto';
import { AppError } from '#errors';
import type { LedgerPort } from '#ledger';
import type { OfferView, RepairInfo } from '#wire';
import type { Deposits } from '../transfer/upload-plan.js';
import { askRepairer } from './repairer-client.js';

/** What is set aside in new contracts with the providers of these offers. */
export type StandingDeposits = (offers: readonly OfferView[]) => Promise<Deposits>;

export interface RepairChoice {
  readonly ledger: Pick<LedgerPort, 'endpoint'>;
  /** Of the repairer. */
  readonly address: string;
  /** Base units for each contract; what the repairer suggests unless given. */
  readonly reserve?: bigint | undefined;
  readonly timeoutMs?: number;
}

/** Where a repairer could not be asked for its terms: what most would suggest. */
const DEFAULT_TERMS = { priceCapBps: 20_000, reserveBps: 2_500, reserveFloor: 20_000n } as const;

/** What a repairer may wish for at most, unless its client says otherwise: wishes cost the client. */
const MOST = { priceCapBps: 50_000n, reserveBps: 10_000n, reserveFloor: 10_000_000n } as const;

/**
 * Deposits that name a repairer: prices that it may pay as a multiple of those paid now, and a reserve. The repairer is
 * looked up when something is stored, once.
 * @throws AppError `repair/unknown-repairer`
 */
export function repairDeposits(choice: RepairChoice): StandingDeposits {
  let terms: Promise<Terms> | undefined;
  return async (offers) => {
    terms ??= termsOf(choice);
    terms.catch(() => {
      terms = undefined;
    });
    const { key, capBps, reserveBps, reserveFloor } = await terms;
    const most = (prices: readonly string[]): bigint =>
      (prices.reduce((max, price) => (BigInt(price) > max ? BigInt(price) : max), 0n) * capBps) / 10_000n;
    const repair = {
      key,
      maxBasePerEpoch: most(offers.map(({ basePerEpoch }) => basePerEpoch)),
      maxPricePerGiBEpoch: most(offers.map(({ pricePerGiBEpoch }) => pricePerGiBEpoch)),
    };
    return choice.reserve === undefined
      ? { repair, reserve: reserveFloor, reserveBps }
      : { repair, reserve: choice.reserve };
  };
}

interface Terms {
  readonly key: Uint8Array;
  readonly capBps: bigint;
  readonly reserveBps: bigint;
  readonly reserveFloor: bigint;
}

async function termsOf({ ledger, address, timeoutMs }: RepairChoice): Promise<Terms> {
  const endpoint = await ledger.endpoint({ principal: address });
  if (endpoint === null) {
    throw new AppError({
      code: 'repair/unknown-repairer',
      message: `${address} announces no endpoint on chain: no repairer is found there.`,
      next: 'Check the address (CAIRN_REPAIRER, --repairer), or store without one: --repairer none.',
      data: { address },
    });
  }
  const url = endpoint.addresses.find((candidate) => /^https?:\/\//.test(candidate));
  const info = await (url === undefined ? undefined : askRepairer(url, timeoutMs).catch(() => undefined));
  // Another key than the chain's is somebody else's: its wishes do not count.
  const wanted: Pick<RepairInfo, 'priceCapBps' | 'reserveBps' | 'reserveFloor'> | undefined =
    info?.publicKey === endpoint.publicKey ? info : undefined;
  return {
    key: hexToBytes(endpoint.publicKey),
    capBps: atMost(wanted?.priceCapBps ?? DEFAULT_TERMS.priceCapBps, MOST.priceCapBps),
    reserveBps: atMost(wanted?.reserveBps ?? DEFAULT_TERMS.reserveBps, MOST.reserveBps),
    reserveFloor: atMost(wanted?.reserveFloor ?? DEFAULT_TERMS.reserveFloor, MOST.reserveFloor),
  };
}

function atMost(value: number | bigint | string, most: bigint): bigint {
  const wished = BigInt(value);
  return wished < most ? wished : most;
}
