import type { CairnClient } from '#client';
import type { NodeClient } from '#node-api';
import { defaultRenewalPolicy } from '#renewals';
import type { CommandAction } from '../command.js';
import type { CliContext } from '../context.js';
import { EXIT_CODES } from '../exit-codes.js';
import { formatTable, shortId } from '../output/table.js';
import { safeText } from '../output/text.js';
import { endingOf, readRenewals } from '../renewal-state.js';
import { withClient } from '../session.js';
import { chooseFiles } from './choose-files.js';
import { ownContracts } from './contracts.js';
import {
  type CheckedFile,
  checkEntries,
  checkedToJson,
  countVerdicts,
  nextStepOf,
  timeOf,
  verdictsToText,
} from './file-health.js';
import { noteRepairers } from './repairer.js';

/** A look in passing; `cairn verify` asks for more. */
const CHUNKS = 2;

export const status: CommandAction = async ({ args }, context) =>
  withClient(context, async (client, node) => {
    const entries = await chooseFiles(client, args, context);
    const checked = await checkEntries(client, entries, context, CHUNKS);
    const warnings = await lapseWarnings(client, node, context);
    context.output.printJson({
      files: checked.map(checkedToJson),
      summary: countVerdicts(checked),
      warnings,
    });
    if (args.length > 0 && checked.length <= args.length) for (const one of checked) printOne(one, context);
    else printAll(checked, context);
    await noteRepairers(client, context);
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

function printAll(checked: readonly CheckedFile[], { output }: CliContext): void {
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
  output.print(`${checked.length} files: ${verdictsToText(checked)}`);
  const next = checked.map(nextStepOf).filter((step) => step !== undefined);
  for (const step of next.slice(0, 5)) output.note(`next: ${step}`);
}

function printOne(checked: CheckedFile, { output }: CliContext): void {
  const { entry, health } = checked;
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
  const next = nextStepOf(checked);
  if (next !== undefined) output.note(`next: ${next}`);
}
