import { allEntries, comparePaths, type FileEntry, versionOf } from '#catalogue';
import { formatSize } from '#config';
import type { CommandAction } from '../command.js';
import { formatTable } from '../output/table.js';
import { formatSpan, safeText } from '../output/text.js';
import { withClient } from '../session.js';

export const ls: CommandAction = async ({ args, options }, context) =>
  withClient(context, async (client, node) => {
    const { output, params, signal } = context;
    const prefix = args[0] ?? '';
    const withVersions = options['versions'] === true;
    const { catalogue, sequence } = await client.catalogue({ signal });
    const entries = withVersions ? allEntries(catalogue).sort(byPathAndVersion) : catalogue.files;
    const files = entries.filter(({ path }) => path.startsWith(prefix));
    const { tip } = await node.status();
    output.printJson({
      sequence,
      height: tip.height,
      files: files.map((file) => ({
        name: file.path,
        version: versionOf(file),
        sizeBytes: Number(file.sizeBytes),
        storedAt: new Date(Number(file.storedAt)).toISOString(),
        modifiedAt: new Date(Number(file.modifiedAt)).toISOString(),
        paidUntilHeight: Number(file.paidUntilHeight),
        pack: file.member?.pack ?? null,
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
      ...(withVersions ? [String(versionOf(file))] : []),
      safeText(file.path),
    ]);
    const header = ['SIZE', 'STORED', 'PAID FOR', ...(withVersions ? ['VERSION'] : []), 'NAME'];
    output.print(formatTable(header, rows, ['SIZE', 'VERSION']));
    return undefined;
  });

function byPathAndVersion(a: FileEntry, b: FileEntry): number {
  return comparePaths(a.path, b.path) || versionOf(a) - versionOf(b);
}

function paidText(blocks: number, blockSeconds: number): string {
  return blocks <= 0 ? 'expired' : formatSpan(blocks * blockSeconds);
}
