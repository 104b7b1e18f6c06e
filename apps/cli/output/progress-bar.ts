import { formatSize } from '#config';

const LINE_EVERY_MS = 10_000;
const REDRAW_EVERY_MS = 100;
const BAR_WIDTH = 24;

/** Progress of one long action on stderr. */
export interface ProgressBar {
  /** Bytes done and in all; `stage` says what is being done. */
  update(stage: string, done: number, total: number, unit?: 'bytes' | 'items'): void;
  /** Takes the bar off the line, so that something else can be written. */
  clear(): void;
  done(): void;
}

export interface ProgressBarOptions {
  readonly label: string;
  readonly quiet: boolean;
  readonly terminal: boolean;
  readonly write?: (text: string) => void;
  readonly nowMs?: () => number;
}

/** A bar that redraws itself on a terminal; elsewhere a line every ten seconds; nothing where it should be quiet. */
export function createProgressBar(options: ProgressBarOptions): ProgressBar {
  const write = options.write ?? ((text: string) => process.stderr.write(text));
  const nowMs = options.nowMs ?? Date.now;
  const startedMs = nowMs();
  let lastMs = options.terminal ? 0 : startedMs;
  let drawn = false;
  const clear = (): void => {
    if (drawn) write('\r\u001b[K');
    drawn = false;
  };
  return {
    update(stage, done, total, unit = 'bytes') {
      const now = nowMs();
      const wait = options.terminal ? REDRAW_EVERY_MS : LINE_EVERY_MS;
      if (options.quiet || now - lastMs < wait) return;
      lastMs = now;
      const share = total === 0 ? 1 : Math.min(1, done / total);
      const figures =
        unit === 'items'
          ? `${done} of ${total}`
          : `${formatSize(done)} of ${formatSize(total)}, ${rate(done, now - startedMs)}`;
      const percent = `${Math.floor(share * 100)}%`.padStart(4);
      if (!options.terminal) {
        write(`${options.label}: ${stage} ${percent.trim()} (${figures})\n`);
        return;
      }
      const filled = Math.round(share * BAR_WIDTH);
      const bar = '#'.repeat(filled) + '-'.repeat(BAR_WIDTH - filled);
      write(`\r\u001b[K${shorten(options.label)} ${stage} [${bar}]${percent} ${figures}`);
      drawn = true;
    },
    clear,
    done: clear,
  };
}

function rate(bytes: number, elapsedMs: number): string {
  return elapsedMs < 200 ? '…' : `${formatSize(Math.round(bytes / (elapsedMs / 1000)))}/s`;
}

function shorten(label: string): string {
  const characters = [...label];
  return characters.length <= 28 ? label : `…${characters.slice(-27).join('')}`;
}
