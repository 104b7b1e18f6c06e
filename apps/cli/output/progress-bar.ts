import { formatSize } from '#config';
import { RateMeter } from './rate-meter.js';
import { formatSpan } from './text.js';

const LINE_EVERY_MS = 10_000;
const REDRAW_EVERY_MS = 100;
const BAR_WIDTH = 24;

/** Progress of one long action on stderr. */
export interface ProgressBar {
  /** Bytes or items done and in all; `stage` says what is being done. Shown with the rate and the time left. */
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
  let lastMs = options.terminal ? 0 : nowMs();
  let meter = new RateMeter();
  let metered = '';
  let drawn = false;
  const clear = (): void => {
    if (drawn) write('\r\u001b[K');
    drawn = false;
  };
  return {
    update(stage, done, total, unit = 'bytes') {
      const now = nowMs();
      // Another stage goes at another pace.
      if (metered !== stage) meter = new RateMeter();
      metered = stage;
      meter.note(done, now);
      const wait = options.terminal ? REDRAW_EVERY_MS : LINE_EVERY_MS;
      if (options.quiet || now - lastMs < wait) return;
      lastMs = now;
      const share = total === 0 ? 1 : Math.min(1, done / total);
      const figures = [
        unit === 'items' ? `${done} of ${total}` : `${formatSize(done)} of ${formatSize(total)}`,
        ...(unit === 'items' ? [] : [rateText(meter)]),
        ...leftText(meter, total),
      ].join(', ');
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

function rateText(meter: RateMeter): string {
  const rate = meter.perSecond();
  return rate === undefined ? '…' : `${formatSize(Math.round(rate))}/s`;
}

/** Nothing where it is not known, or nothing is left. */
function leftText(meter: RateMeter, total: number): string[] {
  const seconds = meter.secondsLeft(total);
  return seconds === undefined || seconds < 1 ? [] : [`${formatSpan(Math.ceil(seconds))} left`];
}

function shorten(label: string): string {
  const characters = [...label];
  return characters.length <= 28 ? label : `…${characters.slice(-27).join('')}`;
}
