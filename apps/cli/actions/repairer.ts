import {
  askRepairFile,
  askRepairStatus,
  type CairnClient,
  findRepairer,
  type KeptThing,
  keptThings,
  repairerOf,
  repairSubject,
} from '#client';
import { AppError } from '#errors';
import type { RepairFileView } from '#wire';
import type { CommandAction } from '../command.js';
import type { CliContext } from '../context.js';
import { formatCoins } from '../output/amounts.js';
import { formatFields, formatTable, shortId } from '../output/table.js';
import { safeText } from '../output/text.js';
import { withClient } from '../session.js';

const MOST_LOOKED_AT = 20;

/** One thing and what its repairer says of it. */
export interface RepairedThing {
  readonly name: string;
  /** Address; null: its contracts name nobody. */
  readonly repairer: string | null;
  readonly view: RepairFileView | null;
  /** Why the repairer could not be asked. */
  readonly why: string | null;
}

export const repairerStatus: CommandAction = async (_, context) =>
  withClient(context, async (client) => {
    const loaded = await client.catalogue({ signal: context.signal });
    const things: RepairedThing[] = [];
    for (const thing of keptThings(loaded)) things.push(await askAbout(client, thing));
    context.output.printJson({ things });
    if (things.length === 0) context.output.note('Nothing is stored yet.');
    else
      context.output.print(
        formatTable(
          ['NAME', 'REPAIRER', 'LIVE', 'NEEDED', 'REPLACED', 'WHY'],
          things.map(({ name, repairer, view, why }) => [
            safeText(name),
            repairer ?? 'none',
            view === null ? '-' : `${view.liveFragments ?? '?'} of ${view.profile.n}`,
            view === null ? '-' : String(view.profile.k),
            view === null ? '-' : String(view.replaced),
            safeText(why ?? ''),
          ]),
          ['NEEDED', 'REPLACED'],
        ),
      );
    return undefined;
  });

export const repairerQueue: CommandAction = async ({ options }, { output, config }) => {
  const url = typeof options['url'] === 'string' ? options['url'] : `http://127.0.0.1:${config.repairerPort}`;
  const status = await askRepairStatus(url);
  output.printJson(status);
  const { schedule, risk } = status;
  const rate = schedule.bytesPerSecond === null ? 'no limit' : `${schedule.bytesPerSecond} bytes/s`;
  output.print(
    formatFields([
      ['repairer', status.address],
      ['announced', status.waitingFor === null ? status.url : safeText(status.waitingFor)],
      ['coins', status.balance === null ? 'not known' : formatCoins(status.balance)],
      ['watches', `${status.files} files, ${status.contracts} contracts`],
      ['repairs', `${schedule.hours}${schedule.active ? '' : ' (not now)'}, ${rate}`],
      [
        'spare',
        Object.entries(risk)
          .map(([spare, files]) => `${files} with ${spare}`)
          .join(', ') || 'nothing known yet',
      ],
      ['lost', String(status.lost)],
      ['put again', `${status.healed} fragments, ${status.rotten} to do`],
    ]),
  );
  if (status.queue.length > 0)
    output.print(
      formatTable(
        ['CONTRACT', 'WHY', 'SPARE', 'BY HEIGHT', 'STATE', 'LAST ATTEMPT'],
        status.queue.map(({ contract, reason, spare, deadlineHeight, state, why }) => [
          shortId(contract),
          reason,
          String(spare),
          String(deadlineHeight),
          state,
          safeText(why ?? ''),
        ]),
        ['SPARE', 'BY HEIGHT'],
      ),
    );
  if (status.last.length > 0)
    output.print(
      formatTable(
        ['REPAIRED', 'WHY', 'OUTCOME', 'BLOCKS', 'READ', 'REBUILT'],
        status.last
          .slice(0, 20)
          .map((one) => [
            shortId(one.contract),
            one.reason,
            one.outcome,
            String(one.endedAtHeight - one.startedAtHeight),
            String(one.bytesRead),
            String(one.bytesRebuilt),
          ]),
        ['BLOCKS', 'READ', 'REBUILT'],
      ),
    );
  return undefined;
};

/** Who repairs what is stored, in a line or two under the health of files. */
export async function noteRepairers(client: CairnClient, { output, signal }: CliContext): Promise<void> {
  const loaded = await client.catalogue({ signal });
  const byRepairer = new Map<string, number>();
  const things = keptThings(loaded).filter(({ manifest }) => manifest.segments.length > 0);
  // Contracts of one wallet name one repairer or two: a few lookups tell, and the rest is in `repairer status`.
  for (const { manifest } of things.slice(0, MOST_LOOKED_AT)) {
    const key = await repairerOf(client.context, manifest);
    const who = key === undefined ? 'nobody' : (await findRepairer(client.context, key)).address;
    byRepairer.set(who, (byRepairer.get(who) ?? 0) + 1);
  }
  if (byRepairer.size === 0) return;
  const parts = [...byRepairer].map(([who, count]) => `${who} (${count})`);
  const rest = things.length > MOST_LOOKED_AT ? ` of the first ${MOST_LOOKED_AT}` : '';
  output.note(`repaired while you are away by ${parts.join(', ')}${rest}; see \`cairn repairer status\``);
}

async function askAbout({ context }: CairnClient, { name, manifest }: KeptThing): Promise<RepairedThing> {
  const key = await repairerOf(context, manifest);
  if (key === undefined) return { name, repairer: null, view: null, why: null };
  const { address, url } = await findRepairer(context, key);
  if (url === undefined)
    return { name, repairer: address, view: null, why: 'it announces no address on chain' };
  try {
    const { agent } = context.providers;
    const view = await askRepairFile(agent, url, repairSubject(context, manifest), context.requestTimeoutMs);
    return { name, repairer: address, view, why: view === null ? 'not handed over yet' : null };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { name, repairer: address, view: null, why: error.message };
  }
}
