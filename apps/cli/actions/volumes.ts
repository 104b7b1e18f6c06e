import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatSize } from '#config';
import { AppError } from '#errors';
import type { ProviderStatus, VolumeAction } from '#provider';
import type { CommandAction, CommandInput } from '../command.js';
import type { CliContext } from '../context.js';
import { EXIT_CODES } from '../exit-codes.js';
import { formatTable } from '../output/table.js';
import { safeText } from '../output/text.js';
import { confirmLoss } from './confirm-loss.js';
import { readSize, textOption } from './option-values.js';
import { askOwnProvider } from './provider.js';

type VolumeView = ProviderStatus['disk']['volumes'][number];

/** How often a volume is asked about while its user waits. */
const POLL_MS = 500;

export const listVolumes: CommandAction = async (_input, context) => {
  const { output } = context;
  const { status } = await askOwnProvider(context);
  const { volumes } = status.disk;
  output.printJson({ volumes });
  output.print(
    formatTable(
      ['ID', 'PATH', 'STATE', 'USED', 'CAPACITY', 'DISK FREE', 'FRAGMENTS', 'DAMAGED', 'LAST VERIFIED'],
      volumes.map((volume) => [
        shortOf(volume),
        safeText(volume.path),
        stateOf(volume),
        formatSize(volume.allocatedBytes),
        formatSize(volume.capacityBytes),
        volume.diskFreeBytes === null ? '-' : formatSize(volume.diskFreeBytes),
        String(volume.fragments),
        String(volume.rotten + volume.lost + volume.unreadable),
        volume.scrub.last === null ? 'never' : new Date(volume.scrub.last.finishedAt * 1000).toISOString(),
      ]),
      ['USED', 'CAPACITY', 'DISK FREE', 'FRAGMENTS', 'DAMAGED'],
    ),
  );
  for (const { path, why } of volumes) if (why !== null) output.note(`${safeText(path)}: ${safeText(why)}`);
  return undefined;
};

export const addVolume: CommandAction = async ({ args, options }, context) => {
  const capacityBytes = capacityOf(options);
  const { url } = await askOwnProvider(context);
  const provider = await import('#provider');
  return show(await provider.addVolume(url, resolve(args[0] ?? ''), capacityBytes), context);
};

export const resizeVolume: CommandAction = ({ args, options }, context) =>
  change(args, { verb: 'resize', capacityBytes: capacityOf(options) }, context);

export const freezeVolume: CommandAction = ({ args }, context) =>
  change(args, { verb: 'read-only' }, context);

export const thawVolume: CommandAction = ({ args }, context) => change(args, { verb: 'writable' }, context);

export const drainVolume: CommandAction = async ({ args, options }, context) => {
  if (options['wait'] !== true) return change(args, { verb: 'drain' }, context);
  const { url } = await askOwnProvider(context);
  const { changeVolume } = await import('#provider');
  const begun = await changeVolume(url, nameOf(args), { verb: 'drain' });
  let told = '';
  const drained = await waitFor(url, begun.id, context, (volume) => {
    const problem = volume.move?.problem ?? null;
    if (problem !== null) {
      throw new AppError({
        code: 'volume/stuck',
        message: `${volume.path} cannot be emptied: ${problem}`,
        next: 'Add a volume, or see `cairn provider status` for what is damaged; what can move goes on by itself.',
        data: { volume: volume.id },
      });
    }
    const line = `${volume.fragments} fragments left`;
    if (line !== told) context.output.note(line);
    told = line;
    return volume.fragments === 0 || volume.state !== 'draining';
  });
  return show(drained, context);
};

export const verifyVolume: CommandAction = async ({ args }, context) => {
  const { url } = await askOwnProvider(context);
  const { changeVolume } = await import('#provider');
  const begun = await changeVolume(url, nameOf(args), { verb: 'verify' });
  const before = begun.scrub.last?.finishedAt ?? -1;
  const startedAt = begun.scrub.running?.startedAt ?? 0;
  let told = -1;
  const done = await waitFor(url, begun.id, context, ({ scrub, state }) => {
    const share = Math.floor(((scrub.running?.shard ?? 0) * 100) / 256);
    if (share >= told + 10) {
      context.output.note(`${share}%`);
      told = share;
    }
    const isOver = scrub.running === null && (scrub.last?.finishedAt ?? -1) >= Math.max(before, startedAt);
    return isOver || state === 'offline' || state === 'failed';
  });
  show(done, context);
  if (done.state === 'offline' || done.state === 'failed') return EXIT_CODES.tryAgain.code;
  const { last } = done.scrub;
  return last !== null && last.rotten + last.lost + last.unreadable === 0
    ? undefined
    : EXIT_CODES.badData.code;
};

export const removeVolume: CommandAction = async ({ args, options }, context) => {
  const { url } = await askOwnProvider(context);
  const { changeVolume } = await import('#provider');
  const name = nameOf(args);
  try {
    return show(await changeVolume(url, name, { verb: 'remove', acceptLoss: false }), context);
  } catch (error) {
    const isLoss = error instanceof AppError && error.code === 'volume/not-empty';
    if (!isLoss || options['lose'] !== true) throw error;
    await confirmLoss(context, lossOf(error), 'Give them up?');
    return show(await changeVolume(url, name, { verb: 'remove', acceptLoss: true }), context);
  }
};

async function change(
  args: CommandInput['args'],
  action: VolumeAction,
  context: CliContext,
): Promise<undefined> {
  const { url } = await askOwnProvider(context);
  const { changeVolume } = await import('#provider');
  return show(await changeVolume(url, nameOf(args), action), context);
}

/** Asks until a volume is as it should be. */
async function waitFor(
  url: string,
  id: string,
  { signal }: CliContext,
  isDone: (volume: VolumeView) => boolean,
): Promise<VolumeView> {
  const { fetchVolumes } = await import('#provider');
  for (;;) {
    const volume = (await fetchVolumes(url)).find((each) => each.id === id);
    if (volume === undefined) {
      throw new AppError({
        code: 'volume/unknown',
        message: `The volume ${id} was removed meanwhile.`,
        next: 'See `cairn provider volume list`.',
      });
    }
    if (isDone(volume)) return volume;
    await sleep(POLL_MS, undefined, { signal });
  }
}

function show(volume: VolumeView, { output }: CliContext): undefined {
  output.printJson(volume);
  output.print(
    `${shortOf(volume)} ${safeText(volume.path)} ${stateOf(volume)}, ${volume.fragments} fragments, ` +
      `${formatSize(volume.allocatedBytes)} of ${formatSize(volume.capacityBytes)}`,
  );
  const { last } = volume.scrub;
  if (last !== null)
    output.note(
      `verified: ${last.fragments} fragments, ${last.rotten} rotten, ${last.lost} lost, ${last.unreadable} unreadable`,
    );
  return undefined;
}

function lossOf({ data, message }: AppError): string[] {
  const contracts = Array.isArray(data['contracts']) ? data['contracts'].map(String) : [];
  return [
    `${message}. They will be lost:`,
    ...contracts.map((id) => `  contract ${id} will miss proofs, and lose collateral with each`),
  ];
}

function stateOf({ state, move }: VolumeView): string {
  return move === null ? state : `${state}, ${move.leftFragments} to move`;
}

function shortOf({ id }: VolumeView): string {
  return id.slice(0, 8);
}

function nameOf(args: CommandInput['args']): string {
  const [given = ''] = args;
  return given.includes('/') ? resolve(given) : given;
}

function capacityOf(options: CommandInput['options']): number {
  const text = textOption(options, 'capacity');
  if (text !== undefined) return readSize(text, '--capacity');
  throw new AppError({
    code: 'cli/no-capacity',
    message: 'How much the volume takes was not said.',
    next: 'Give --capacity, such as --capacity 4TiB.',
  });
}
