import { formatSize } from '#config';
import type { NetworkView } from '#wire';
import type { CommandAction } from '../command.js';
import { formatFields } from '../output/table.js';
import { formatSpan } from '../output/text.js';
import { withNode } from '../session.js';

export const nodeStatus: CommandAction = async (_input, context) =>
  withNode(context, async (node) => {
    const [status, fees, network] = await Promise.all([node.status(), node.feeEstimate(), node.peers()]);
    const { output, config } = context;
    output.printJson({ url: config.nodeUrl, ...status, fees, p2p: network });
    const ageSeconds = (Date.now() - Date.parse(status.tip.time)) / 1000;
    output.print(
      formatFields([
        ['node', config.nodeUrl],
        ['network', `${status.network}, protocol ${status.protocolVersion}`],
        ['height', `${status.tip.height}, ${formatSpan(ageSeconds)} old`],
        ['tip', status.tip.id],
        ['index', String(status.indexHeight)],
        [
          'fee per byte',
          `${fees.next.feePerByte} next block, ${fees.soon.feePerByte} soon, ${fees.economy.feePerByte} economy`,
        ],
        ...(network === null ? [] : networkFields(network)),
        ['pending', `${status.mempool.count} transactions, ${formatSize(status.mempool.sizeBytes)}`],
      ]),
    );
    return undefined;
  });

function networkFields({
  peers,
  knownPeers,
  bans,
  isSyncing,
  targetHeight,
  addresses,
}: NetworkView): [string, string][] {
  const outbound = peers.filter(({ isOutbound }) => isOutbound).length;
  return [
    [
      'peers',
      `${peers.length}, ${outbound} of them chosen by this node; ${knownPeers} known, ${bans.length} bans`,
    ],
    ...(isSyncing ? [['syncing', `towards height ${targetHeight}`] as [string, string]] : []),
    ...addresses.slice(0, 3).map((address): [string, string] => ['reached at', address]),
  ];
}
