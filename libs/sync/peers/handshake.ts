import { genesisBlock } from '#chain';
import type { Violation } from '#errors';
import type { ChainPoint } from '#ledger';
import type { Hello } from '../messages/messages.js';
import type { SyncContext } from '../sync-context.js';

/** Version of the messages of this program. */
export const WIRE_VERSION = 1;

/** What a node can do for others, as bits. */
export const CAPABILITIES = { servesBlocks: 1, relaysTransactions: 2 } as const;

/** Introductions: what this node says of itself, and what it wants to hear. */
export class Handshake {
  private readonly nonce: Uint8Array;
  private readonly genesis;

  constructor(private readonly context: SyncContext) {
    const { clock, law } = context;
    this.nonce = Uint8Array.from({ length: 8 }, () => Math.floor(clock.random() * 256));
    this.genesis = genesisBlock(law).id;
  }

  own(tip: ChainPoint): Hello {
    const { law, options } = this.context;
    return {
      wireVersion: WIRE_VERSION,
      protocolVersion: law.params.protocolVersion,
      networkId: law.params.networkId,
      genesis: this.genesis,
      tip: tip.id,
      height: tip.height,
      work: tip.totalWork,
      nonce: this.nonce,
      capabilities: CAPABILITIES.servesBlocks | CAPABILITIES.relaysTransactions,
      agent: options.agent,
    };
  }

  /** Why this node has nothing to say to another. */
  validate(hello: Hello): Violation | undefined {
    const { params } = this.context.law;
    const differs = (rule: string, theirs: unknown, ours: unknown): Violation | undefined =>
      theirs === ours ? undefined : { rule, theirs, ours };
    if (hello.nonce.every((byte, at) => byte === this.nonce[at])) return { rule: 'peer/self' };
    return (
      differs('peer/wrong-network', hello.networkId, params.networkId) ??
      differs('peer/wrong-genesis', hello.genesis, this.genesis) ??
      differs('peer/wire-version', hello.wireVersion, WIRE_VERSION) ??
      differs('peer/protocol-version', hello.protocolVersion, params.protocolVersion)
    );
  }
}
