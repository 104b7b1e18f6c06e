import { holdingsOf } from '#catalogue';
import { currentHead, liveBytes } from '#client';
import { formatSize } from '#config';
import { AppError } from '#errors';
import type { CommandAction } from '../command.js';
import { formatFields, shortId } from '../output/table.js';
import { withClient } from '../session.js';
import { confirmLoss } from './confirm-loss.js';
import { provenHead } from './proven-head.js';

/** The list of files itself: which one it is, what is in it, and whether it is the newest. */
export const showCatalogue: CommandAction = async (input, context) =>
  withClient(context, async (client) => {
    const { output, signal } = context;
    const { options } = input;
    const { seen } = client.context.catalogue;
    const known = await seen.last();
    if (options['accept'] === true) {
      const refusal = await currentHead(client.context).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (refusal !== undefined) {
        if (!(refusal instanceof AppError)) throw refusal;
        await confirmLoss(
          context,
          [refusal.message, 'What only the other list names is not found again by the phrase.'],
          'Take the list that the node shows?',
        );
        await seen.forget();
      }
    }
    const proven = options['prove'] === true ? await provenHead(client, input, context) : undefined;
    const { catalogue, sequence, contracts } = await client.catalogue({ signal, proven });
    const holdings = holdingsOf(catalogue);
    const packs = holdings.filter(({ pack }) => pack !== undefined);
    const live = packs.reduce((sum, holding) => sum + liveBytes(holding), 0);
    const bytes = catalogue.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0n);
    const head = await seen.last();
    output.printJson({
      sequence,
      pointerHash: head?.pointerHash ?? null,
      knownBefore: known === undefined ? null : { ...known },
      proven: proven === undefined ? null : { ...proven },
      files: catalogue.files.length,
      earlierVersions: catalogue.earlier.length,
      packs: packs.length,
      sizeBytes: bytes,
      contracts,
    });
    output.print(
      formatFields([
        ['list', sequence === 0n ? 'none yet' : `number ${sequence}, ${shortId(head?.pointerHash ?? '')}`],
        ['files', `${catalogue.files.length}, ${formatSize(bytes)}`],
        ['earlier versions', String(catalogue.earlier.length)],
        ['packs', `${packs.length}, ${formatSize(live)} of small files in them`],
        ['kept by', `${contracts.length} contracts`],
        ['newest', newestText(proven?.sequence, known?.sequence)],
      ]),
    );
    return undefined;
  });

function newestText(proven: bigint | undefined, known: bigint | undefined): string {
  if (proven !== undefined) return `not older than number ${proven}, which the chain proves`;
  if (known !== undefined)
    return `not older than number ${known}, which this client has seen; --prove asks the chain`;
  return 'by what the node says; --prove asks the chain';
}
