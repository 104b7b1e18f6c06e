const SECRET_NAME =
  /^(.*(passphrase|password|secret|mnemonic|privatekey|credential|apikey).*|seed|seedhex|phrase|authorization|cookie|set-cookie|token)$/;
const URL_LOGIN = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/?#@]+@/gi;
const HIDDEN = '[hidden]';
const MAX_DEPTH = 8;

/** Text with the login of every URL in it taken out: `redis://:secret@host` becomes `redis://[hidden]@host`. */
export function redactText(text: string): string {
  return text.replace(URL_LOGIN, `$1${HIDDEN}@`);
}

/**
 * A copy of anything that may be logged: values under secret names hidden, errors spelled out with their code, next
 * step and cause, bigints as decimal strings, bytes as their length.
 */
export function redact(value: unknown): unknown {
  return redactAt(value, 0, new Set());
}

function redactAt(value: unknown, depth: number, above: ReadonlySet<object>): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return `[${value.length} bytes]`;
  if (depth >= MAX_DEPTH || above.has(value)) return '[deeper]';
  const inside = new Set(above).add(value);
  if (Array.isArray(value)) return value.map((item) => redactAt(item, depth + 1, inside));
  const entries = value instanceof Error ? errorEntries(value) : Object.entries(value);
  return Object.fromEntries(
    entries.map(([name, item]) => [name, isSecretName(name) ? HIDDEN : redactAt(item, depth + 1, inside)]),
  );
}

function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name.toLowerCase().replaceAll('_', ''));
}

function errorEntries(error: Error): [string, unknown][] {
  const { name, message, stack, cause } = error;
  const own = Object.entries(error).filter(([key]) => key !== 'cause');
  const entries: [string, unknown][] = [['name', name], ['message', message], ...own, ['stack', stack]];
  if (cause !== undefined) entries.push(['cause', cause]);
  return entries.filter(([, item]) => item !== undefined);
}
