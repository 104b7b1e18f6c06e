import { formatSize } from '#config';
import type { CommandAction } from '../command.js';
import { formatTable } from '../output/table.js';
import { formatSpan, safeText } from '../output/text.js';
import { withClient } from '../session.js';

export const ls: CommandAction = async ({ args }, context) =>
  withClient(context, async (client, node) => {
    const { output, params, signal } = context;
    const prefix = args[0] ?? '';
    const { catalogue, sequence } = await client.catalogue({ signal });
    const files = catalogue.files.filter(({ path }) => path.startsWith(prefix));
    const { tip } = await node.status();
    output.printJson({
      sequence,
      height: tip.height,
      files: files.map((file) => ({
        name: file.path,
        sizeBytes: Number(file.sizeBytes),
        storedAt: new Date(Number(file.storedAt)).toISOString(),
        modifiedAt: new Date(Number(file.modifiedAt)).toISOString(),
        paidUntilHeight: Number(file.paidUntilHeight),
      })),
    });
    if (files.length === 0) {
      output.note(prefix === '' ? 'Nothing is stored yet.' : `No name starts with '${safeText(prefix)}'.`);
      return undefined;
    }
    const rows = files.map((file) => [
      formatSize(file.sizeBytes),
      new Date(Number(file.storedAt)).toISOString().slice(0, 16).replace('T', ' '),
      paidText(Number(file.paidUntilHeight) - tip.height, params.proofOfWork.blockSeconds),
      safeText(file.path),
    ]);
    output.print(formatTable(['SIZE', 'STORED', 'PAID FOR', 'NAME'], rows, ['SIZE']));
    return undefined;
  });

function paidText(blocks: number, blockSeconds: number): string {
  return blocks <= 0 ? 'expired' : formatSpan(blocks * blockSeconds);
}
