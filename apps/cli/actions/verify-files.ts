import type { CommandAction } from '../command.js';
import type { CliContext } from '../context.js';
import { formatFields, formatTable, shortId } from '../output/table.js';
import { formatHeight, safeText } from '../output/text.js';
import { withClient } from '../session.js';
import { chooseFiles } from './choose-files.js';
import {
  type CheckedFile,
  checkEntries,
  checkedToJson,
  countVerdicts,
  nextStepOf,
  timeOf,
  verdictsToExitCode,
  verdictsToText,
} from './file-health.js';

/** The most that one audit may ask: nearly every fragment of a file of usual size is looked at. */
const CHUNKS = 16;
/** Of more files than these only those in need are listed. */
const LISTED_FILES = 50;

export const verifyFiles: CommandAction = async ({ args }, context) =>
  withClient(context, async (client, node) => {
    const { output } = context;
    const entries = await chooseFiles(client, args, context);
    const checked = await checkEntries(client, entries, context, CHUNKS);
    const { tip } = await node.status();
    output.printJson({
      height: tip.height,
      summary: countVerdicts(checked),
      files: checked.map(checkedToJson),
    });
    const [only] = checked;
    if (only === undefined) output.note('Nothing is stored yet.');
    else if (checked.length === 1) printOne(only, tip.height, context);
    else printMany(checked, tip.height, context);
    return verdictsToExitCode(checked);
  });

function printOne(checked: CheckedFile, height: number, context: CliContext): void {
  const { output, params } = context;
  const { entry, health } = checked;
  const { liveFragments, totalFragments, neededFragments, repairBelow, segmentCount, notPlaced } = health;
  const paid = health.paidUntilHeight;
  output.print(`${safeText(entry.path)}: ${output.strong(health.verdict)}`);
  output.print(
    formatFields([
      [
        'live',
        `${liveFragments} of ${totalFragments} fragments${segmentCount > 1 ? ` of the worst of ${segmentCount} segments (${health.worstSegment})` : ''}; ` +
          `${neededFragments} needed, repair below ${repairBelow}`,
      ],
      ...(notPlaced > 0 ? ([['not placed', `${notPlaced} of them`]] as const) : []),
      ['paid until', paid === undefined ? '-' : formatHeight(paid, height, params.proofOfWork.blockSeconds)],
      ['challenged', `${health.holders.length} holders, ${timeOf(health)}`],
    ]),
  );
  printFailures([checked], context);
  const next = nextStepOf(checked);
  if (next !== undefined) output.note(`next: ${next}`);
}

function printMany(checked: readonly CheckedFile[], height: number, context: CliContext): void {
  const { output, params } = context;
  const inNeed = checked.filter(({ health }) => health.verdict !== 'healthy');
  const listed = checked.length <= LISTED_FILES ? checked : inNeed;
  if (listed.length > 0) {
    output.print(
      formatTable(
        ['HEALTH', 'LIVE', 'NEEDED', 'PAID UNTIL', 'NAME'],
        listed.map(({ entry, health }) => [
          health.verdict,
          `${health.liveFragments} of ${health.totalFragments}`,
          String(health.neededFragments),
          health.paidUntilHeight === undefined
            ? '-'
            : formatHeight(health.paidUntilHeight, height, params.proofOfWork.blockSeconds),
          safeText(entry.path),
        ]),
        ['NEEDED'],
      ),
    );
  }
  output.print(`${checked.length} files: ${verdictsToText(checked)}`);
  printFailures(checked, context);
  for (const one of inNeed.slice(0, 10)) output.note(`next: ${nextStepOf(one)}`);
  if (inNeed.length > 10) output.note(`and ${inNeed.length - 10} more; --json names all`);
}

/** Who failed and why, once for each provider and reason. */
function printFailures(checked: readonly CheckedFile[], { output }: CliContext): void {
  const groups = new Map<string, { provider: string; why: string; contracts: Set<string> }>();
  for (const { health } of checked) {
    for (const { ok, provider, why = '', contract } of health.holders) {
      if (ok) continue;
      const key = `${provider}\n${why}`;
      const group = groups.get(key) ?? { provider, why, contracts: new Set<string>() };
      group.contracts.add(contract);
      groups.set(key, group);
    }
  }
  if (groups.size === 0) return;
  output.print(
    formatTable(
      ['FAILED', 'CONTRACTS', 'WHY'],
      [...groups.values()].map(({ provider, contracts, why }) => [
        provider,
        contracts.size === 1 ? shortId([...contracts][0] ?? '') : String(contracts.size),
        safeText(why),
      ]),
    ),
  );
}
