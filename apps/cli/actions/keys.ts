import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createIdentity } from '#client';
import { newPhrase, normalizePhrase } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import { AppError } from '#errors';
import { createKeystore } from '#keystore';
import type { CommandAction, CommandInput } from '../command.js';
import type { CliContext } from '../context.js';
import { askNewSecret, askSecret, confirm, readLine } from '../output/ask.js';
import { keystorePath, makeDataFolder, openKeys } from '../session.js';

const ENTROPY_BYTES: Readonly<Record<string, number>> = { '12': 16, '24': 32 };

export const newKeys: CommandAction = async ({ options }, context) => {
  const words = String(options['words'] ?? '12');
  const entropyBytes = ENTROPY_BYTES[words];
  if (entropyBytes === undefined) {
    throw new AppError({
      code: 'cli/bad-words',
      message: `--words ${words} is not possible.`,
      next: 'A phrase has 12 or 24 words.',
    });
  }
  await keep(newPhrase(new Uint8Array(randomBytes(entropyBytes))), options, context, true);
  return undefined;
};

export const importKeys: CommandAction = async ({ options }, context) => {
  const phrase = normalizePhrase(await readPhrase(options['file'], context));
  await keep(phrase, options, context, false);
  return undefined;
};

export const showKeys: CommandAction = async (_input, context) => {
  const { output, assumeYes, canAsk, params } = context;
  const { phrase } = await openKeys(context);
  const isAllowed =
    assumeYes ||
    (canAsk && (await confirm('Whoever sees the phrase owns everything. Show it?', context.signal)));
  if (!isAllowed) {
    throw new AppError({
      code: 'cli/not-confirmed',
      message: 'The phrase was not shown.',
      next: 'Give --yes, or answer the question with yes.',
    });
  }
  const { address } = createIdentity(nativeCrypto, params, phrase);
  output.printJson({ phrase, address, network: params.name });
  output.print(`${phrase}\n${address}`);
  return undefined;
};

async function keep(
  phrase: string,
  options: CommandInput['options'],
  context: CliContext,
  isNew: boolean,
): Promise<void> {
  const { output, params } = context;
  // Refuses a bad phrase before anything is written or asked.
  const { address } = createIdentity(nativeCrypto, params, phrase);
  await makeDataFolder(context);
  const path = keystorePath(context);
  const passphrase = await choosePassphrase(options['plain'] === true, context);
  await createKeystore(path, { phrase, network: params.name, passphrase });
  const encrypted = passphrase !== '';
  output.printJson({
    ...(isNew ? { phrase } : {}),
    address,
    network: params.name,
    keystore: path,
    encrypted,
  });
  if (isNew) {
    output.note('Write these words down. They are shown once, and they alone bring everything back:');
    output.print(phrase);
  }
  output.print(address);
  output.note(`Kept in ${path}${encrypted ? '' : ', unencrypted'}.`);
}

/** A passphrase from the setting or the terminal; a devnet's worthless coins need none. */
async function choosePassphrase(isPlain: boolean, context: CliContext): Promise<string> {
  if (isPlain) return '';
  const given = context.config.passphrase;
  if (given !== undefined && given !== '') return given;
  if (context.canAsk)
    return askNewSecret('Passphrase for the keystore (empty: unencrypted): ', context.signal);
  if (context.params.name === 'devnet') return '';
  throw new AppError({
    code: 'cli/passphrase-needed',
    message: `Keys of ${context.params.name} need a passphrase.`,
    next: 'Set CAIRN_PASSPHRASE, run the command on a terminal to be asked, or accept the risk with --plain.',
  });
}

async function readPhrase(file: string | boolean | undefined, context: CliContext): Promise<string> {
  if (typeof file === 'string' && file !== '-') {
    return readFile(file, 'utf8').catch((cause: unknown) => {
      throw new AppError({
        code: 'cli/unreadable-file',
        message: `'${file}' cannot be read (${(cause as NodeJS.ErrnoException).code}).`,
        next: 'Check the path.',
        cause,
      });
    });
  }
  if (file === undefined && context.canAsk) return askSecret('Recovery phrase: ', context.signal);
  return readLine();
}
