import { holdingName, holdingsOf } from '#catalogue';
import { allPages, type CairnClient, contractsOfHolding } from '#client';
import { formatSize } from '#config';
import { AppError } from '#errors';
import type { NodeClient } from '#node-api';
import type { ContractView, PostingView } from '#wire';
import type { CommandAction } from '../command.js';
import type { CliContext } from '../context.js';
import { formatCoins } from '../output/amounts.js';
import { formatFields, formatTable, shortId } from '../output/table.js';
import { safeText } from '../output/text.js';
import { endingOf, readRenewals } from '../renewal-state.js';
import { withClient, withNode } from '../session.js';

/** A contract and what of the catalogue it keeps: a file's name, `(catalogue)`, or nothing. */
export interface UsedContract {
  readonly view: ContractView;
  readonly keeps: string | undefined;
}

/** One contract: terms, timeline, postings. */
export const showContract: CommandAction = async ({ args }, context) =>
  withNode(context, (node) => showOne(node, args[0] ?? '', context));

export const contracts: CommandAction = async ({ args, options }, context) => {
  const id = args[0];
  if (id !== undefined) return withNode(context, (node) => showOne(node, id, context));
  return withClient(context, async (client, node) => {
    const { output } = context;
    const { tip } = await node.status();
    const all = await ownContracts(client, node, context);
    const shown = all.filter(({ view, keeps }) => {
      if (options['unused'] === true) return view.status === 'active' && keeps === undefined;
      return options['all'] === true || view.status === 'active';
    });
    const renewals = await readRenewals(context);
    const rows = shown.map((each) => ({ ...each, ending: endingOf(each, tip.height, renewals, context) }));
    output.printJson({
      contracts: rows.map(({ view, keeps, ending }) => ({ ...view, keeps: keeps ?? null, ending })),
    });
    if (rows.length === 0) output.note('No contracts to show.');
    else
      output.print(
        formatTable(
          ['CONTRACT', 'STATUS', 'STORED', 'PROVEN', 'MISSED', 'ESCROW', 'KEEPS', 'ENDS'],
          rows.map(({ view, keeps, ending }) => [
            shortId(view.id),
            view.status,
            formatSize(BigInt(view.totalBytes)),
            `${view.proven} of ${view.endEpoch}`,
            String(view.missed),
            formatCoins(view.escrow),
            safeText(keeps ?? '-'),
            ending.text,
          ]),
          ['STORED', 'MISSED', 'ESCROW'],
        ),
      );
    const unused = all.filter(({ view, keeps }) => view.status === 'active' && keeps === undefined).length;
    if (unused > 0 && options['unused'] !== true)
      output.note(
        `${unused} of the active ones keep nothing in your catalogue: cairn contracts end --unused`,
      );
    return undefined;
  });
};

/** Every contract of this account, with what it keeps. */
export async function ownContracts(
  client: CairnClient,
  node: NodeClient,
  context: CliContext,
): Promise<UsedContract[]> {
  const loaded = await client.catalogue({ signal: context.signal });
  const keeps = new Map<string, string>(loaded.contracts.map((id) => [id, '(catalogue)']));
  for (const holding of holdingsOf(loaded.catalogue)) {
    for (const id of contractsOfHolding(holding)) keeps.set(id, holdingName(holding));
  }
  const views = await allPages<ContractView>((cursor) =>
    node.contracts({ client: client.address, cursor, limit: 200 }),
  );
  const byId = new Map(views.map((view) => [view.id, view]));
  // Those that were asked to end stay active until the epoch is over; they need no second asking.
  return views.map((view) => ({
    view,
    keeps: keptBy(view, byId, keeps) ?? (isEnding(view) ? '(ending)' : undefined),
  }));
}

/** What a contract keeps: the catalogue may name one that it continues. */
function keptBy(
  view: ContractView,
  byId: ReadonlyMap<string, ContractView>,
  keeps: ReadonlyMap<string, string>,
): string | undefined {
  let at: ContractView | undefined = view;
  for (let steps = 0; at !== undefined && steps <= byId.size; steps++) {
    const kept = keeps.get(at.id);
    if (kept !== undefined) return kept;
    at = at.origin === null ? undefined : byId.get(at.origin.contract);
  }
  return undefined;
}

function isEnding(view: ContractView): boolean {
  return view.endEpoch < view.epochs;
}

async function showOne(node: NodeClient, given: string, context: CliContext): Promise<undefined> {
  const id = given.toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(id)) {
    throw new AppError({
      code: 'cli/bad-id',
      message: `'${given}' is no contract id.`,
      next: 'An id has 64 hex digits; `cairn contracts --json` shows them whole.',
    });
  }
  const view = await node.contract({ id });
  if (view === null) {
    throw new AppError({
      code: 'contract/unknown',
      message: `The node knows no contract ${id}.`,
      next: 'The node may still be syncing; `cairn node status` shows how far it is.',
    });
  }
  const timeline = await node.contractTimeline({ id });
  const postings = await allPages<PostingView>((cursor) => node.contractPostings({ id, cursor, limit: 200 }));
  const { output } = context;
  output.printJson({ contract: view, timeline, postings });
  output.print(
    formatFields([
      ['contract', view.id],
      ['status', view.status],
      ['client', view.clientAddress],
      ['provider', view.providerAddress],
      ['stored', `${formatSize(BigInt(view.totalBytes))} in ${view.leafCount} fragments`],
      ['term', `${view.epochs} epochs, heights ${view.startHeight} to ${view.endHeight}`],
      ['settles at', `height ${view.settledAt ?? view.settleHeight}`],
      ['proven, missed', `${view.proven}, ${view.missed}`],
      ...lifeFields(view),
      ['price per epoch', formatCoins(view.tranche)],
      ['escrow left', formatCoins(view.escrow)],
      ['vesting', formatCoins(view.vesting)],
      ['collateral', formatCoins(view.collateral)],
      ['repair, reads', `${formatCoins(view.reserve)}, ${formatCoins(view.reads)} set aside`],
      ['burned, minted', `${formatCoins(view.burned)}, ${formatCoins(view.minted)}`],
    ]),
  );
  output.print(`\n${output.strong('Timeline')}`);
  output.print(
    formatTable(
      ['HEIGHT', 'TIME', 'WHAT', 'DATA'],
      timeline.map((event) => [
        String(event.height),
        event.time.slice(0, 19).replace('T', ' '),
        event.name,
        Object.entries(event.data)
          .map(([name, value]) => `${name} ${shortId(String(value))}`)
          .join(', '),
      ]),
      ['HEIGHT'],
    ),
  );
  output.print(`\n${output.strong('Postings')}`);
  output.print(
    formatTable(
      ['HEIGHT', 'AMOUNT', 'REASON', 'FROM', 'TO'],
      postings.map((posting) => [
        String(posting.height),
        formatCoins(posting.amount),
        posting.reason,
        shortPot(posting.from),
        shortPot(posting.to),
      ]),
      ['HEIGHT', 'AMOUNT'],
    ),
  );
  return undefined;
}

/** What is only there where something happened. */
function lifeFields(view: ContractView): [string, string][] {
  const fields: [string, string][] = [];
  if (view.revision > 0) fields.push(['revision', String(view.revision)]);
  if (view.droppedChunks !== '0')
    fields.push(['dropped', `${view.droppedChunks} of ${view.totalChunks} chunks`]);
  if (view.skip !== null) fields.push(['maintenance', `epoch ${view.skip} is not challenged`]);
  if (view.drainedAt !== null) fields.push(['provider leaves', `said so at height ${view.drainedAt}`]);
  if (view.bounty !== '0') fields.push(['bounty', `${formatCoins(view.bounty)} at the first proof`]);
  if (view.origin !== null) fields.push(['continues', `${view.origin.contract} (${view.origin.kind})`]);
  if (view.successor !== null) fields.push(['went on as', view.successor]);
  return fields;
}

function shortPot(pot: string): string {
  const [kind = '', id] = pot.split(':');
  return id === undefined ? kind : `${kind}:${shortId(id)}`;
}
