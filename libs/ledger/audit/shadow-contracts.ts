import { type NetworkParams, publicKeyToAccountId } from '#chain';
import { contractIdOf, type FormBody, type ProveBody } from '#contracts';
import { type CryptoPort, hexToBytes, readU32le, taggedHash } from '#crypto';
import type { ShadowCoins } from './shadow-coins.js';

const GIB = 1_073_741_824n;

interface ShadowContract {
  readonly client: string;
  readonly provider: string;
  readonly payout: string;
  readonly firstBlock: number;
  readonly slot: number;
  readonly epochs: number;
  readonly tranche: bigint;
  readonly burned: bigint;
  endEpoch: number;
  nextEpoch: number;
  proven: number;
  missed: number;
  isWindowOpen: boolean;
  isWindowProven: boolean;
  windowEpoch: number;
}

const account = (id: string): string => `account:${id}`;
const escrow = (id: string): string => `escrow:${id}`;
const vesting = (id: string): string => `vesting:${id}`;
const collateral = (id: string): string => `collateral:${id}`;

/**
 * The money of storage contracts as docs/protocol/contracts.md tells it, written a second time: what forming locks and
 * burns, what proofs pay and mint, what misses cost, what settlement returns. It shares no arithmetic with contracts/.
 */
export class ShadowContracts {
  private readonly contracts = new Map<string, ShadowContract>();
  private readonly agenda = new Map<number, Set<string>>();

  constructor(
    private readonly params: NetworkParams,
    private readonly crypto: CryptoPort,
    private readonly coins: ShadowCoins,
  ) {}

  form(height: number, body: FormBody): void {
    const { agreement } = body;
    const { params, crypto, coins } = this;
    const id = contractIdOf(crypto, params, agreement);
    const client = publicKeyToAccountId(crypto, params, agreement.clientKey);
    const provider = publicKeyToAccountId(crypto, params, agreement.providerKey);
    const sizeBytes = body.fragments.reduce((sum, fragment) => sum + BigInt(fragment.lengthBytes), 0n);
    const tranche = agreement.basePerEpoch + roundUp(agreement.pricePerGiBEpoch * sizeBytes, GIB);
    const burned = roundUp(params.mint.burnPerGiBEpoch * sizeBytes * BigInt(agreement.epochs), GIB);
    coins.pay(account(client), escrow(id), tranche * BigInt(agreement.epochs));
    coins.burn(account(client), burned);
    coins.pay(account(provider), collateral(id), agreement.collateral);
    const slotHash = taggedHash(crypto, 'cairn/challenge/slot', params.networkId, hexToBytes(id));
    const contract: ShadowContract = {
      client,
      provider,
      payout: agreement.payout,
      firstBlock: height + params.contract.startDelayBlocks,
      slot: readU32le(slotHash, 0) % params.contract.epochBlocks,
      epochs: agreement.epochs,
      tranche,
      burned,
      endEpoch: agreement.epochs,
      nextEpoch: 0,
      proven: 0,
      missed: 0,
      isWindowOpen: false,
      isWindowProven: false,
      windowEpoch: -1,
    };
    this.contracts.set(id, contract);
    this.schedule(id, contract);
  }

  /** Pays a proof; answers whose pot the fee comes from. */
  prove(body: ProveBody): string | undefined {
    const contract = this.contracts.get(body.contract);
    if (contract === undefined || !contract.isWindowOpen || contract.isWindowProven) {
      this.coins.complain(`a proof of ${body.contract} was paid without an open challenge`);
      return undefined;
    }
    if (contract.windowEpoch !== body.epoch) {
      this.coins.complain(`a proof of epoch ${body.epoch} of ${body.contract} was paid out of its epoch`);
    }
    const { params, coins } = this;
    const kept = (contract.tranche * params.contract.vestingBps) / 10_000n;
    coins.pay(escrow(body.contract), account(contract.payout), contract.tranche - kept);
    coins.pay(escrow(body.contract), vesting(body.contract), kept);
    const inclusion = (contract.burned * params.mint.inclusionBps) / 10_000n;
    if (contract.proven === 0) coins.mint('proof-mint', inclusion);
    else coins.mint('pool', (contract.burned - inclusion) / BigInt(Math.max(1, contract.epochs - 1)));
    contract.proven += 1;
    contract.isWindowProven = true;
    return account(contract.payout);
  }

  end(height: number, id: string): void {
    const contract = this.contracts.get(id);
    if (contract === undefined) {
      this.coins.complain(`the unknown contract ${id} was ended`);
      return;
    }
    const since = height - contract.firstBlock;
    const begun = since < 0 ? 0 : Math.floor(since / this.params.contract.epochBlocks) + 1;
    this.unschedule(id, contract);
    contract.endEpoch = Math.max(contract.nextEpoch, begun);
    this.schedule(id, contract);
  }

  /** What happens by itself at the end of a block. */
  closeBlock(height: number): void {
    const due = this.agenda.get(height);
    this.agenda.delete(height);
    for (const id of [...(due ?? [])].sort()) {
      const contract = this.contracts.get(id) as ShadowContract;
      if (contract.isWindowOpen) this.closeWindow(id, contract);
      else if (contract.nextEpoch < contract.endEpoch) {
        contract.windowEpoch = contract.nextEpoch;
        contract.nextEpoch += 1;
        contract.isWindowOpen = true;
        contract.isWindowProven = false;
      } else this.settle(id, contract);
      if (this.contracts.has(id)) this.schedule(id, contract);
    }
  }

  private closeWindow(id: string, contract: ShadowContract): void {
    contract.isWindowOpen = false;
    if (contract.isWindowProven) return;
    const { missSlashBps, strikes } = this.params.contract;
    contract.missed += 1;
    this.coins.pay(escrow(id), account(contract.client), contract.tranche);
    this.slash(id, contract, roundUp(this.coins.balance(collateral(id)) * missSlashBps, 10_000n));
    if (contract.missed < strikes) return;
    this.coins.empty(vesting(id), account(contract.client));
    this.slash(id, contract, this.coins.balance(collateral(id)));
    this.settle(id, contract);
  }

  private slash(id: string, contract: ShadowContract, amount: bigint): void {
    const burned = roundUp(amount * this.params.contract.slashBurnBps, 10_000n);
    this.coins.burn(collateral(id), burned);
    this.coins.pay(collateral(id), account(contract.client), amount - burned);
  }

  private settle(id: string, contract: ShadowContract): void {
    this.coins.empty(escrow(id), account(contract.client));
    this.coins.empty(vesting(id), account(contract.payout));
    this.coins.empty(collateral(id), account(contract.provider));
    this.contracts.delete(id);
  }

  private dueAt({ firstBlock, slot, nextEpoch, endEpoch, isWindowOpen }: ShadowContract): number {
    const { epochBlocks, windowBlocks, settleDelayBlocks } = this.params.contract;
    if (isWindowOpen) return firstBlock + (nextEpoch - 1) * epochBlocks + slot + windowBlocks;
    if (nextEpoch < endEpoch) return firstBlock + nextEpoch * epochBlocks + slot;
    return firstBlock + endEpoch * epochBlocks + windowBlocks + settleDelayBlocks;
  }

  private schedule(id: string, contract: ShadowContract): void {
    const at = this.dueAt(contract);
    const due = this.agenda.get(at);
    if (due === undefined) this.agenda.set(at, new Set([id]));
    else due.add(id);
  }

  private unschedule(id: string, contract: ShadowContract): void {
    this.agenda.get(this.dueAt(contract))?.delete(id);
  }
}

function roundUp(amount: bigint, divisor: bigint): bigint {
  return amount % divisor === 0n ? amount / divisor : amount / divisor + 1n;
}
