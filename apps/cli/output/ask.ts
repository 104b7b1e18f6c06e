import { createInterface, type Interface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { AppError } from '#errors';

/** Asks a yes-or-no question on the terminal; only `y` and `yes` mean yes. */
export async function confirm(question: string, signal: AbortSignal): Promise<boolean> {
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await answerTo(reader, `${question} [y/N] `, signal);
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
    const answer = answerTo(reader, question, signal);
    muted = true;
    return await answer;
  } finally {
    reader.close();
    process.stderr.write('\n');
  }
}

/** Asks for a new secret, twice where it is not empty. */
export async function askNewSecret(question: string, signal: AbortSignal): Promise<string> {
  const first = await askSecret(question, signal);
  if (first === '' || first === (await askSecret('The same again: ', signal))) return first;
  throw new AppError({
    code: 'cli/passphrases-differ',
    message: 'The two passphrases differ.',
    next: 'Run the command again.',
  });
}

/** A question that Ctrl-C or Ctrl-D answers was interrupted: on a terminal that is read raw no signal comes. */
async function answerTo(reader: Interface, question: string, signal: AbortSignal): Promise<string> {
  const closed = new Promise<never>((_, reject) => {
    // A line that came in the same chunk counts first.
    reader.once('close', () => setImmediate(() => reject(interrupted())));
  });
  closed.catch(() => undefined);
  return Promise.race([
    reader.question(question, { signal }).catch((error: unknown) => {
      throw error instanceof Error && error.name === 'AbortError' ? interrupted() : error;
    }),
    closed,
  ]);
}

function interrupted(): AppError {
  return new AppError({
    code: 'cli/interrupted',
    message: 'The question was not answered.',
    next: 'Run the command again; nothing was changed.',
  });
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
