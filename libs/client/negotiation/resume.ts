import { AppError } from '#errors';
import type { ClientContext } from '../context.js';
import { ProviderSession } from '../providers/provider-session.js';
import { type Agreed } from './negotiate.js';
import type { OpenNegotiation } from './negotiation-journal.js';

/** What became of a negotiation that another run of the client left open. */
export type Resumed =
  /** On chain: the contract exists. */
  | { readonly outcome: 'formed'; readonly negotiation: OpenNegotiation }
  /** The provider signed; the client may form it until its `formBy`. */
  | { readonly outcome: 'agreed'; readonly negotiation: OpenNegotiation; readonly agreed: Agreed }
  /** Over without a contract. */
  | { readonly outcome: 'over'; readonly negotiation: OpenNegotiation; readonly why: string }
  /** The provider does not answer now. */
  | { readonly outcome: 'unreachable'; readonly negotiation: OpenNegotiation };

/** Repeats the last step of an open negotiation: the provider answers as it did, or would have. */
export async function resumeNegotiation(
  context: ClientContext,
  negotiation: OpenNegotiation,
): Promise<Resumed> {
  const { contract, agreement, round } = negotiation;
  if ((await context.ledger.contract({ id: contract })) !== null) return { outcome: 'formed', negotiation };
  try {
    const verdict = await sessionOf(context, negotiation).propose(negotiation);
    if (verdict.state === 'agreed') {
      const providerSignature = verdict.agreementSignature as Uint8Array;
      return { outcome: 'agreed', negotiation, agreed: { agreement, providerSignature, round } };
    }
    return { outcome: 'over', negotiation, why: verdict.rule === '' ? verdict.state : verdict.rule };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return error.code === 'provider/refused'
      ? { outcome: 'over', negotiation, why: String(error.data['rule']) }
      : { outcome: 'unreachable', negotiation };
  }
}

/**
 * Gives up what earlier runs left open, so that no provider keeps room for it, `kept` aside: somebody goes on with those.
 * Answers the contracts that came to be all the same and that nothing points at: their client may end them.
 */
export async function withdrawOpenNegotiations(
  context: ClientContext,
  kept: ReadonlySet<string> = new Set(),
): Promise<string[]> {
  const formed: string[] = [];
  const { tip } = await context.ledger.status();
  for (const negotiation of await context.journal.open()) {
    const { contract, origin } = negotiation;
    if (kept.has(contract)) continue;
    if ((await context.ledger.contract({ id: contract })) !== null) {
      // What goes on with another contract's fragments is found through that one.
      if (origin.kind === 'form') formed.push(contract);
    } else {
      const isTold = await sessionOf(context, negotiation)
        .withdraw()
        .then(
          () => true,
          (error: unknown) => {
            if (!(error instanceof AppError)) throw error;
            return error.code === 'provider/refused';
          },
        );
      // Who cannot be reached is told next time, as long as it may wait for the agreement.
      if (!isTold && negotiation.agreement.formBy >= tip.height) continue;
    }
    await context.journal.close(contract);
  }
  return formed;
}

function sessionOf(
  context: ClientContext,
  { contract, baseUrl, agreement }: OpenNegotiation,
): ProviderSession {
  const { agent } = context.providers;
  const { providerKey } = agreement;
  return new ProviderSession(context, { agent, baseUrl, providerKey, contract, budgetBytes: 0n });
}
