const LINE_EVERY_MS = 10_000;

/** One line on stderr that says how a long action goes. */
export interface StatusLine {
  /** Shows the text in place of the one before. */
  show(text: string): void;
  /** Takes the line off a terminal, so that something else can be written. */
  clear(): void;
}

export interface StatusLineOptions {
  readonly quiet: boolean;
  readonly terminal: boolean;
  /** Characters a line of the terminal holds: a longer one could not be taken off again. */
  readonly columns?: number;
  readonly write?: (text: string) => void;
  readonly nowMs?: () => number;
}

/** A line that is rewritten in place on a terminal; elsewhere one every ten seconds; nothing where it should be quiet. */
export function createStatusLine(options: StatusLineOptions): StatusLine {
  const write = options.write ?? ((text: string) => process.stderr.write(text));
  const nowMs = options.nowMs ?? Date.now;
  let lastMs = Number.NEGATIVE_INFINITY;
  let drawn = false;
  const clear = (): void => {
    if (drawn) write('\r\u001b[K');
    drawn = false;
  };
  return {
    show(text) {
      if (options.quiet) return;
      if (options.terminal) {
        write(`\r\u001b[K${[...text].slice(0, (options.columns ?? 80) - 1).join('')}`);
        drawn = true;
        return;
      }
      if (nowMs() - lastMs < LINE_EVERY_MS) return;
      lastMs = nowMs();
      write(`${text}\n`);
    },
    clear,
  };
}
