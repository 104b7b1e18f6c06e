/** Coins by pot, counted again by the audit's own arithmetic; shares nothing with chain/state. */
export class ShadowCoins {
  readonly balances = new Map<string, bigint>();
  minted = 0n;
  burned = 0n;
  readonly complaints: string[] = [];

  constructor(private readonly where: () => string) {}

  balance(pot: string): bigint {
    return this.balances.get(pot) ?? 0n;
  }

  mint(pot: string, amount: bigint): void {
    this.minted += amount;
    this.change(pot, amount);
  }

  burn(pot: string, amount: bigint): void {
    this.burned += amount;
    this.change(pot, -amount);
  }

  pay(from: string, to: string, amount: bigint): void {
    this.change(from, -amount);
    this.change(to, amount);
  }

  /** Everything out of one pot into another. */
  empty(from: string, to: string): void {
    this.pay(from, to, this.balance(from));
  }

  complain(text: string): void {
    this.complaints.push(`${this.where()}: ${text}`);
  }

  private change(pot: string, by: bigint): void {
    const after = this.balance(pot) + by;
    if (after < 0n) this.complain(`${pot} falls to ${after}`);
    if (after === 0n) this.balances.delete(pot);
    else this.balances.set(pot, after);
  }
}
