// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to be shown
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ud800-\udfff]/gu;

/**
 * Text of somebody else's making for a terminal: control characters, which could rewrite the screen, made visible, and
 * bytes of names that are no UTF-8.
 */
export function safeText(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const code = character.charCodeAt(0);
    if (code >= 0xdc80 && code <= 0xdcff) return `\\x${(code - 0xdc00).toString(16)}`;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
  });
}

/** A span of seconds for people: `42 s`, `3 min`, `5 h`, `12 days`. */
export function formatSpan(seconds: number): string {
  const steps = [
    [86_400, 'days', 2],
    [3_600, 'h', 2],
    [60, 'min', 2],
  ] as const;
  for (const [length, name, least] of steps) {
    if (seconds >= length * least) return `${Math.round(seconds / length)} ${name}`;
  }
  return `${Math.max(0, Math.round(seconds))} s`;
}

/** When a height will be or was reached, counted from the tip. */
export function formatHeight(height: number, tipHeight: number, blockSeconds: number): string {
  const span = formatSpan(Math.abs(height - tipHeight) * blockSeconds);
  return height >= tipHeight ? `${height} (in ${span})` : `${height} (${span} ago)`;
}
