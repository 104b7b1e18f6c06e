import type { LedgerPort } from '#ledger';
import type { AuditView } from '#wire';

/** Runs the audit once for a tip: it replays the whole chain, and anybody may ask for it. */
export class SupplyAudits {
  private known: { readonly tipId: string; readonly view: Promise<AuditView> } | undefined;

  constructor(private readonly ledger: LedgerPort) {}

  async run(): Promise<AuditView> {
    const { tip } = await this.ledger.status();
    if (this.known?.tipId !== tip.id) {
      const view = this.ledger.audit();
      this.known = { tipId: tip.id, view };
      view.catch(() => {
        this.known = undefined;
      });
    }
    return this.known.view;
  }
}
