import { type ByteRange, type CairnClient, entryContent } from '#client';
import { releaseMemory } from '#erasure';
import { AppError } from '#errors';
import { planOfManifest } from '#fragments';
import type { CliContext } from '../context.js';
import { EXIT_CODES, errorToExitCode } from '../exit-codes.js';
import type { ProgressBar } from '../output/progress-bar.js';
import { safeText } from '../output/text.js';
import type { Target } from './get-targets.js';
import { PartialFile } from './partial-file.js';

/** After these the same command may well work later: what has come so far is worth keeping. */
const WORTH_KEEPING: readonly number[] = [EXIT_CODES.unavailable.code, EXIT_CODES.tryAgain.code];

/** Gets a file, or a range of it, under its local name; goes on where an earlier run was stopped. */
export async function fetchFile(
  client: CairnClient,
  target: Target,
  range: ByteRange | undefined,
  context: CliContext,
): Promise<void> {
  const { entry, path } = target;
  const { output, signal } = context;
  const { fileHash } = entryContent(undefined, entry);
  const step = range === undefined ? stepBytes(target) : undefined;
  const suffix = range === undefined ? '' : `-${range.from}-${range.toExclusive}`;
  const file = await PartialFile.open(path, fileHash, suffix);
  const bar = output.progress(safeText(entry.path));
  let isKept = false;
  try {
    if (range !== undefined) await fetchRange(client, target, range, file, bar, signal);
    else await fetchWhole(client, target, step, file, bar, context);
    await file.finish(Number(entry.modifiedAt));
    return;
  } catch (error) {
    const mayGoOn = signal.aborted || WORTH_KEEPING.includes(errorToExitCode(error));
    isKept = step !== undefined && mayGoOn && file.bytes >= step;
    throw error;
  } finally {
    bar.done();
    await file.leave(isKept);
    if (isKept)
      output.note(
        `What has come is kept in '${safeText(file.partial)}'; the same command goes on from there.`,
      );
  }
}

/** Bytes after which an interrupted file goes on; undefined where it is so short that it begins anew. */
function stepBytes({ entry }: Target): number | undefined {
  const { manifest, member } = entryContent(undefined, entry);
  const plan = planOfManifest(manifest);
  return member === undefined && plan.ok && plan.value.segmentCount > 1
    ? plan.value.segmentCapacity
    : undefined;
}

async function fetchWhole(
  client: CairnClient,
  { entry }: Target,
  step: number | undefined,
  file: PartialFile,
  bar: ProgressBar,
  { output, signal }: CliContext,
): Promise<void> {
  const sizeBytes = Number(entry.sizeBytes);
  const hashBefore = step === undefined ? undefined : await file.keep(step, sizeBytes);
  const kept = file.bytes;
  const readFrom = async (from: number): Promise<void> => {
    const onProgress = ({ done }: { done: number }) => bar.update('fetching', from + done, sizeBytes);
    const resumed =
      from === 0 || hashBefore === undefined ? {} : { range: { from, toExclusive: sizeBytes }, hashBefore };
    for await (const part of client.read(entry, { signal, onProgress, ...resumed })) {
      await file.write(part);
      releaseMemory(part);
    }
  };
  try {
    await readFrom(kept);
  } catch (error) {
    if (kept === 0 || !(error instanceof AppError) || error.code !== 'fetch/wrong-hash') throw error;
    output.note(`What an earlier run left of '${safeText(entry.path)}' is damaged: it is fetched anew.`);
    file.reset();
    await readFrom(0);
  }
}

async function fetchRange(
  client: CairnClient,
  { entry }: Target,
  range: ByteRange,
  file: PartialFile,
  bar: ProgressBar,
  signal: AbortSignal,
): Promise<void> {
  const onProgress = ({ done, total }: { done: number; total: number }) =>
    bar.update('fetching', done, total);
  for await (const part of client.read(entry, { signal, range, onProgress })) {
    await file.write(part);
    releaseMemory(part);
  }
}
