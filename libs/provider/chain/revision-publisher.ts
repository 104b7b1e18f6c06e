import { decode } from '#chain';
import { revisionSchema } from '#contracts';
import { hexToBytes } from '#crypto';
import { AppError, assertInvariant } from '#errors';
import type { ProviderContext } from '../provider-context.js';
import type { ContractRecord, SignedRevision } from '../records/contract-record.js';
import type { Tip } from './chain-watch.js';
import { signOwn } from './submit.js';

/** Blocks the client has to publish what both signed; then, and again after as many, we do. */
const PATIENCE_BLOCKS = 4;

/** Publishes revisions whose clients did not: what is signed binds room and coins until it is on chain. */
export class RevisionPublisher {
  readonly #context: ProviderContext;

  constructor(context: ProviderContext) {
    this.#context = context;
  }

  async sync({ height }: Tip): Promise<void> {
    for (const record of this.#context.records.contracts()) {
      const newest = record.revisions?.findLast(({ publishedAt }) => publishedAt === undefined);
      const waited = height - (newest?.signedAt ?? height);
      if (newest !== undefined && waited > 0 && waited % PATIENCE_BLOCKS === 0) {
        await this.#publish(record, newest);
      }
    }
  }

  /** What the ledger does not take now it may take in the next epoch, or the client's coins are gone. */
  async #publish(record: ContractRecord, signed: SignedRevision): Promise<void> {
    const { keys, ledger, logger } = this.#context;
    const decoded = decode(revisionSchema, hexToBytes(signed.bytes));
    assertInvariant(decoded.ok, `the revision ${signed.number} of ${record.id} was read before`);
    const body = {
      revision: decoded.value,
      appended: signed.appended,
      frontier: signed.frontier.map(hexToBytes),
      clientKey: hexToBytes(record.clientKey),
      providerKey: keys.publicKey,
      clientSignature: hexToBytes(signed.clientSignature),
      providerSignature: hexToBytes(signed.providerSignature),
    };
    const { hex } = signOwn(this.#context, 'revise', body, { lane: 0, sequence: 0n });
    try {
      const { id } = await ledger.submitTransaction({ hex });
      logger.info({ contract: record.id, number: signed.number, transaction: id }, 'revision published');
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'ledger/refused') throw error;
      logger.debug({ err: error, contract: record.id, number: signed.number }, 'revision not taken');
    }
  }
}
