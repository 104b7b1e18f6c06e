const COLORS: Readonly<Record<string, number>> = {
  trace: 90,
  debug: 90,
  info: 32,
  warn: 33,
  error: 31,
  fatal: 35,
};

interface Destination {
  write(line: string): unknown;
}

/** Turns pino's JSON lines into lines for people: time, level, app, message, fields; an error gets its own lines. */
export function createPrettyStream(destination: Destination, color: boolean): Destination {
  return { write: (line) => destination.write(prettyLine(line, color)) };
}

function prettyLine(line: string, color: boolean): string {
  let parsed: Record<string, unknown>;
  try {
    parsed = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return line;
  }
  const { time, level, app, msg, err, error, context, ...fields } = parsed;
  const paint = (text: string, code: number): string => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  const levelName = String(level);
  const clock = String(time).slice(11, 23);
  const source = context === undefined ? String(app) : `${String(app)}/${String(context)}`;
  const rest = Object.entries(fields).map(([name, value]) => ` ${paint(`${name}=`, 90)}${fieldText(value)}`);
  const head = `${paint(clock, 90)} ${paint(levelName.toUpperCase().padEnd(5), COLORS[levelName] ?? 37)} ${source}:`;
  return `${head} ${String(msg ?? '')}${rest.join('')}\n${errorLines(err ?? error)}`;
}

function fieldText(value: unknown): string {
  return typeof value === 'string' && /^[^\s"]+$/.test(value) ? value : JSON.stringify(value);
}

function errorLines(error: unknown): string {
  if (typeof error !== 'object' || error === null) return error === undefined ? '' : `    ${String(error)}\n`;
  const { code, message, next, stack, cause } = error as Record<string, unknown>;
  // An operational error is told by its code and next step; only an unexpected one needs its stack.
  const isOperational = typeof code === 'string' && code.includes('/');
  const told = isOperational ? `${code}: ${String(message)}` : String(stack ?? message);
  const lines = [told, ...(next === undefined ? [] : [`next: ${String(next)}`])];
  const below = cause === undefined ? '' : errorLines(cause).replace(/^ {4}/, '    caused by ');
  return `${lines.map((line) => `    ${line}\n`).join('')}${below}`;
}
