import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

/** Asks a yes-or-no question on the terminal; only `y` and `yes` mean yes. */
export async function confirm(question: string, signal: AbortSignal): Promise<boolean> {
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await reader.question(`${question} [y/N] `, { signal });
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    reader.close();
  }
}

/** Asks for a secret on the terminal without showing it. */
export async function askSecret(question: string, signal: AbortSignal): Promise<string> {
  let muted = false;
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (!muted) process.stderr.write(chunk);
      done();
    },
  });
  const reader = createInterface({ input: process.stdin, output, terminal: true });
  try {
    const answer = reader.question(question, { signal });
    muted = true;
    return await answer;
  } finally {
    reader.close();
    process.stderr.write('\n');
  }
}

/** The first line of standard input, for a secret that is piped in. */
export async function readLine(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    text += chunk.toString('utf8');
    if (text.includes('\n') || text.length > 65_536) break;
  }
  return text.split('\n', 1)[0] ?? '';
}
