import type { NetworkParams } from '#chain';
import type { CryptoPort } from '#crypto';
import type { ShadowBurnPrice } from './shadow-burn-price.js';
import type { ShadowCoins } from './shadow-coins.js';
import { type ShadowContract, shadowDueAt } from './shadow-contract.js';

/** Names of the pots of a contract, and of an account. */
export const shadowPot = {
  account: (id: string): string => `account:${id}`,
  escrow: (id: string): string => `escrow:${id}`,
  vesting: (id: string): string => `vesting:${id}`,
  collateral: (id: string): string => `collateral:${id}`,
  reserve: (id: string): string => `reserve:${id}`,
  bounty: (id: string): string => `bounty:${id}`,
  reads: (id: string): string => `reads:${id}`,
} as const;

/** Contracts that hold coins, and the height at which each goes on by itself. */
export class ShadowBook {
  private readonly contracts = new Map<string, ShadowContract>();
  private readonly agenda = new Map<number, Set<string>>();

  constructor(
    readonly params: NetworkParams,
    readonly crypto: CryptoPort,
    readonly coins: ShadowCoins,
    readonly burnPrice: ShadowBurnPrice,
  ) {}

  /** A contract, or a complaint about what was done to one that holds no coins. */
  find(id: string, what: string): ShadowContract | undefined {
    const contract = this.contracts.get(id);
    if (contract === undefined) this.coins.complain(`contract ${id} was ${what} and holds no coins`);
    return contract;
  }

  add(contract: ShadowContract): void {
    this.contracts.set(contract.id, contract);
    this.plan(contract);
  }

  /** Changes a contract and moves it to its new place in the agenda. */
  change(contract: ShadowContract, change: () => void): void {
    this.agenda.get(shadowDueAt(this.params, contract))?.delete(contract.id);
    change();
    this.plan(contract);
  }

  /** A contract whose last coin has left. */
  remove(contract: ShadowContract): void {
    this.agenda.get(shadowDueAt(this.params, contract))?.delete(contract.id);
    this.contracts.delete(contract.id);
  }

  /** Takes who is due at a height out of the agenda. */
  takeDue(height: number): readonly ShadowContract[] {
    const due = [...(this.agenda.get(height) ?? [])].sort();
    this.agenda.delete(height);
    return due.map((id) => this.contracts.get(id)).filter((contract) => contract !== undefined);
  }

  private plan(contract: ShadowContract): void {
    const at = shadowDueAt(this.params, contract);
    const due = this.agenda.get(at);
    if (due === undefined) this.agenda.set(at, new Set([contract.id]));
    else due.add(contract.id);
  }
}
