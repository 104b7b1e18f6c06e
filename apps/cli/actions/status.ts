import type { FileEntry } from '#catalogue';
import type { CairnClient, FileHealth } from '#client';
import { AppError } from '#errors';
import type { NodeClient } from '#node-api';
import { defaultRenewalPolicy } from '#renewals';
import type { CommandAction } from '../command.js';
import type { CliContext } from '../context.js';
import { EXIT_CODES } from '../exit-codes.js';
import { formatTable, shortId } from '../output/table.js';
import { safeText } from '../output/text.js';
import { endingOf, readRenewals } from '../renewal-state.js';
import { withClient } from '../session.js';
import { ownContracts } from './contracts.js';

interface Checked {
  readonly entry: FileEntry;
  readonly health: FileHealth;
}

export const status: CommandAction = async ({ args }, context) =>
  withClient(context, async (client, node) => {
    const entries = await chosen(client, args, context);
    const checked: Checked[] = [];
    for (const entry of entries) {
      const bar = context.output.progress(safeText(entry.path));
      checked.push({
        entry,
        health: await client.health(entry, {
          signal: context.signal,
          onProgress: ({ done, total }) => bar.update('challenging', done, total, 'items'),
        }),
      });
      bar.done();
    }
    const warnings = await lapseWarnings(client, node, context);
    context.output.printJson({ files: checked.map(toJson), warnings });
    if (args.length > 0) for (const one of checked) printOne(one, context);
    else printAll(checked, context);
    for (const message of groupWarnings(warnings)) context.output.note(`warning: ${safeText(message)}`);
    return checked.some(({ health }) => health.verdict === 'lost') ? EXIT_CODES.failed.code : undefined;
  });

interface LapseWarning {
  readonly contract: string;
  readonly keeps: string;
  readonly endHeight: number;
  readonly blocksLeft: number;
  readonly why: string | null;
  readonly message: string;
}

/** Contracts that keep something and lapse within seven epochs. */
async function lapseWarnings(
  client: CairnClient,
  node: NodeClient,
  context: CliContext,
): Promise<LapseWarning[]> {
  const { params } = context;
  const [{ tip }, all, renewals] = await Promise.all([
    node.status(),
    ownContracts(client, node, context),
    readRenewals(context),
  ]);
  const soon = Math.max(...defaultRenewalPolicy(params).warnBlocks);
  return all.flatMap(({ view, keeps }) => {
    if (view.status !== 'active' || keeps === undefined || view.endEpoch < view.epochs) return [];
    const { isRenewed, endHeight, blocksLeft, why, text } = endingOf(
      { view, keeps },
      tip.height,
      renewals,
      context,
    );
    if (isRenewed || blocksLeft > soon) return [];
    const message = `contract ${view.id} of '${keeps}' ${text}${why === null ? '' : ` (${why})`}`;
    return [{ contract: view.id, keeps, endHeight, blocksLeft, why, message }];
  });
}

/** One line for what keeps the same thing and lapses for the same reason. */
function groupWarnings(warnings: readonly LapseWarning[]): string[] {
  const groups = new Map<string, LapseWarning[]>();
  for (const warning of warnings) {
    const key = `${warning.keeps}\n${warning.why}`;
    groups.set(key, [...(groups.get(key) ?? []), warning]);
  }
  return [...groups.values()].map((group) => {
    const first = group.reduce((a, b) => (b.endHeight < a.endHeight ? b : a));
    if (group.length === 1) return `${first.message}; cairn renew`;
    const when =
      first.blocksLeft >= 0
        ? `in ${first.blocksLeft} blocks, at ${first.endHeight}`
        : `since ${first.endHeight}`;
    const why = first.why === null ? '' : ` (${first.why})`;
    return `${group.length} contracts of '${first.keeps}' are NOT renewed; the first lapses ${when}${why}; cairn renew`;
  });
}

async function chosen(
  client: CairnClient,
  names: readonly string[],
  context: CliContext,
): Promise<FileEntry[]> {
  const { catalogue } = await client.catalogue({ signal: context.signal });
  if (names.length === 0) return [...catalogue.files];
  const entries = names.map((name) => catalogue.files.find(({ path }) => path === name));
  const missing = names.filter((_, index) => entries[index] === undefined);
  if (missing.length === 0) return entries as FileEntry[];
  throw new AppError({
    code: 'catalogue/no-such-file',
    message: `No file '${missing[0]}' is stored; ${catalogue.files.length} files are.`,
    next: 'See `cairn ls` for the names.',
  });
}

function printAll(checked: readonly Checked[], { output }: CliContext): void {
  if (checked.length === 0) {
    output.note('Nothing is stored yet.');
    return;
  }
  output.print(
    formatTable(
      ['HEALTH', 'LIVE', 'NEEDED', 'CHECKED', 'NAME'],
      checked.map(({ entry, health }) => [
        health.verdict,
        `${health.liveFragments} of ${health.totalFragments}`,
        String(health.neededFragments),
        timeOf(health),
        safeText(entry.path),
      ]),
      ['NEEDED'],
    ),
  );
}

function printOne({ entry, health }: Checked, { output }: CliContext): void {
  output.print(
    `${safeText(entry.path)}: ${output.strong(health.verdict)}, ${health.liveFragments} of ${health.totalFragments} ` +
      `fragments live, ${health.neededFragments} needed, repair below ${health.repairBelow}; challenged ${timeOf(health)}`,
  );
  output.print(
    formatTable(
      ['ANSWER', 'PROVIDER', 'CONTRACT', 'STATUS', 'PAID UNTIL', 'WHY'],
      health.holders.map((holder) => [
        holder.ok ? 'proved' : 'failed',
        holder.provider,
        shortId(holder.contract),
        holder.contractStatus,
        String(holder.paidUntilHeight),
        safeText(holder.why ?? ''),
      ]),
    ),
  );
}

function timeOf(health: FileHealth): string {
  return new Date(health.checkedAtMs).toISOString().replace(/\.\d+Z$/, 'Z');
}

function toJson({ entry, health }: Checked): Record<string, unknown> {
  const { checkedAtMs, verdict, liveFragments, neededFragments, repairBelow, totalFragments, holders } =
    health;
  return {
    name: entry.path,
    checkedAt: new Date(checkedAtMs).toISOString(),
    verdict,
    liveFragments,
    neededFragments,
    repairBelow,
    totalFragments,
    holders: holders.map((holder) => ({ ...holder, why: holder.why ?? null })),
  };
}
