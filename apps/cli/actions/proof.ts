import { createNetworkLaw } from '#contracts';
import { nativeCrypto } from '#crypto-native';
import { AppError } from '#errors';
import type { NodeClient } from '#node-api';
import type { EpochProofView } from '#wire';
import type { CommandAction } from '../command.js';
import type { CliContext } from '../context.js';
import { EXIT_CODES } from '../exit-codes.js';
import { formatCoins } from '../output/amounts.js';
import { formatFields, formatTable, shortId } from '../output/table.js';
import { type RecheckedProof, recheckProof } from '../recheck-proof.js';
import { withNode } from '../session.js';
import { readContractId, readNumber } from './option-values.js';

/** How an epoch went, draw by draw; with --verify checked again here. */
export const proof: CommandAction = async ({ args, options }, context) => {
  const id = readContractId(args[0] ?? '');
  const epoch = readNumber(args[1] ?? '', 'EPOCH', 0, 0xffff_ffff);
  return withNode(context, async (node) => {
    const view = await epochOrThrow(node, id, epoch);
    const { params, output } = context;
    const rechecked =
      options['verify'] === true
        ? await recheckProof(node, createNetworkLaw(params, nativeCrypto), view)
        : undefined;
    const verdict = rechecked && verdictOf(rechecked, view);
    output.printJson({ ...view, verified: verdict ?? null });
    printProof(view, context);
    if (rechecked === undefined || verdict === undefined) return undefined;
    output.print(`\n${output.strong('Checked here')}`);
    output.print(
      formatFields([
        ['draws', `${verdict.draws} recomputed from the id of block ${view.challenge?.height}`],
        ['proof', verdict.isValid ? 'right: every draw is shown' : `WRONG: ${verdict.violation}`],
        [
          'against',
          rechecked.rootFrom === 'form'
            ? 'the root both parties signed, out of the block that formed the contract'
            : 'the snapshot as the node tells it (the contract was revised since it was formed)',
        ],
        ['the node says', verdict.agrees ? 'the same' : 'SOMETHING ELSE'],
      ]),
    );
    return verdict.isValid && verdict.agrees ? undefined : EXIT_CODES.badData.code;
  });
};

function verdictOf({ explanation, rootFrom }: RecheckedProof, view: EpochProofView) {
  const { draws, violation } = explanation;
  const told = view.explanation;
  const agrees =
    told !== null &&
    told.violation === (violation?.rule ?? null) &&
    told.draws.length === draws.length &&
    told.draws.every(({ chunk, verdict }, index) => {
      const own = draws[index];
      return own !== undefined && own.chunk.toString() === chunk && own.verdict === verdict;
    });
  return {
    isValid: violation === undefined,
    violation: violation?.rule ?? null,
    draws: draws.length,
    rootFrom,
    agrees,
  };
}

async function epochOrThrow(node: NodeClient, id: string, epoch: number): Promise<EpochProofView> {
  const view = await node.epochProof({ id, epoch });
  if (view !== null) return view;
  const contract = await node.contract({ id });
  throw contract === null
    ? new AppError({
        code: 'contract/unknown',
        message: `The node knows no contract ${id}.`,
        next: 'The node may still be syncing; `cairn node status` shows how far it is.',
      })
    : new AppError({
        code: 'proof/not-yet',
        message: `Epoch ${epoch} of this contract was not challenged yet; ${contract.nextEpoch} epochs were.`,
        next:
          contract.nextChallengeHeight === null
            ? 'No challenge comes any more: the contract is over, or ends.'
            : `The next challenge comes with block ${contract.nextChallengeHeight}.`,
      });
}

function printProof(view: EpochProofView, { output }: CliContext): void {
  const { challenge, transaction, explanation } = view;
  output.print(
    formatFields([
      ['contract', view.contract],
      ['epoch', `${view.epoch}: ${view.outcome}`],
      ...(challenge === null
        ? []
        : ([
            ['challenge', `block ${challenge.height}, ${challenge.blockId}`],
            ['window', `heights ${challenge.opensAt} to ${challenge.closesAt}`],
            [
              'snapshot',
              `root ${challenge.root}, ${challenge.leafCount} fragments, ${challenge.totalChunks} chunks`,
            ],
            ['pays', formatCoins(challenge.tranche)],
          ] as [string, string][])),
      ...(transaction === null
        ? []
        : ([
            ['proof', `transaction ${transaction.id} in block ${transaction.height}`],
            ['fee', formatCoins(transaction.fee)],
          ] as [string, string][])),
      ...(explanation === null
        ? []
        : ([
            [
              'size',
              `${explanation.sizes.proofBytes} bytes (slices ${explanation.sizes.slicesBytes}, siblings ${explanation.sizes.siblingsBytes}); ${explanation.sizes.unsharedBytes} if nothing were shared`,
            ],
            ['verdict', explanation.violation === null ? 'right' : `breaks ${explanation.violation}`],
          ] as [string, string][])),
    ]),
  );
  if (explanation === null) return;
  output.print(
    `\n${formatTable(
      ['DRAW', 'CHUNK', 'LEAF', 'FRAGMENT', 'ITS CHUNK', 'VERDICT'],
      explanation.draws.map(({ draw, chunk, leafIndex, fragment, chunkInFragment, verdict }) => [
        String(draw),
        chunk,
        leafIndex === null ? '-' : String(leafIndex),
        fragment === null ? '-' : shortId(fragment),
        chunkInFragment === null ? '-' : String(chunkInFragment),
        verdict,
      ]),
      ['DRAW', 'CHUNK', 'LEAF', 'ITS CHUNK'],
    )}`,
  );
}
