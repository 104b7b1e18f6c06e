import { MAX_COINBASE_BYTES } from '#chain';
import { tryHexToBytes } from '#crypto';
import type { Result } from '#errors';
import type { SubmittedBlock } from './chain/chain-manager.js';
import { refusedError } from './ledger-error.js';
import { type LedgerParts, toAccount } from './ledger-parts.js';
import type { LedgerPort } from './port.js';

type Submissions = Pick<
  LedgerPort,
  'submitTransaction' | 'template' | 'submitBlock' | 'submitSolution' | 'follow'
>;

/** What changes the ledger, and the stream of changes. */
export function createSubmissions(parts: LedgerParts): Submissions {
  const { law, chain, intake, templates, events } = parts;
  const { maxBlockBytes, maxTransactionBytes } = law.params.limits;

  const answer = (result: Result<SubmittedBlock>): { id: string; height: number } => {
    if (!result.ok) throw refusedError(result.violation);
    return { id: result.value.id, height: result.value.height };
  };

  return {
    async submitTransaction({ hex }) {
      const result = await intake.submit(fromHex(hex, maxTransactionBytes));
      if (!result.ok) throw refusedError(result.violation);
      return { id: result.value.known.id };
    },

    async template({ miner }) {
      return templates.template(toAccount(parts, miner));
    },

    async submitBlock({ hex }) {
      return answer(await chain.submitBlock(fromHex(hex, maxBlockBytes)));
    },

    async submitSolution({ templateId, headerHex, coinbaseHex }) {
      const block = templates.solve({
        templateId,
        header: fromHex(headerHex, 80),
        coinbase: fromHex(coinbaseHex, MAX_COINBASE_BYTES),
      });
      if (!block.ok) throw refusedError(block.violation);
      return answer(await chain.submitBlock(block.value));
    },

    follow: ({ lastEventId }, signal) => events.follow(lastEventId, signal),
  };
}

/** Bytes of hex text, refused before they are decoded where they would be too many. */
function fromHex(hex: string, maxBytes: number): Uint8Array {
  if (hex.length > maxBytes * 2) {
    throw refusedError({ rule: 'codec/too-large', sizeBytes: hex.length / 2, maxBytes });
  }
  const bytes = tryHexToBytes(hex);
  if (bytes === undefined) throw refusedError({ rule: 'codec/hex', text: hex.slice(0, 40) });
  return bytes;
}
