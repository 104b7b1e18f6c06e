import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { armor, Encrypter } from 'age-encryption';
import { newPhrase } from '#crypto';
import { AppError } from '#errors';
import { requireCounterpart } from '../../test/counterparts.js';
import { createKeystore, openKeystore } from './keystore.js';

const phrase = newPhrase(Uint8Array.from({ length: 32 }, (_, i) => i));
const secret = { phrase, network: 'devnet', passphrase: 'correct horse', scryptWorkFactor: 4 };
const firstWord = phrase.split(' ')[0] as string;

/** age asks for a passphrase on the terminal only: `script` gives it one. */
const age = requireCounterpart('age');
const script = requireCounterpart('script');

describe('keystore', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cairn-keystore-'));
    path = join(folder, 'keystore.age');
  });
  afterEach(() => rm(folder, { recursive: true }));

  const failure = async (action: Promise<unknown>): Promise<AppError> => {
    const error = await action.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof AppError)) throw new Error(`expected an AppError, got ${String(error)}`);
    // Whatever goes wrong, what people paste into a bug report holds no word of the phrase.
    expect(`${error.message} ${error.next} ${JSON.stringify(error.data)}`).not.toContain(phrase);
    return error;
  };

  test('opens what it wrote, in an armored age file that only the owner may read', async () => {
    await createKeystore(path, secret);
    const text = await readFile(path, 'utf8');
    expect(text).toMatch(/^-----BEGIN AGE ENCRYPTED FILE-----\n/);
    expect(new TextDecoder().decode(armor.decode(text))).toMatch(
      /^age-encryption\.org\/v1\n-> scrypt \S+ 4\n/,
    );
    expect(text).not.toContain(firstWord);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await openKeystore(path, 'correct horse')).toEqual({
      phrase,
      network: 'devnet',
      isEncrypted: true,
    });
    expect(await readdir(folder)).toEqual(['keystore.age']);
  });

  script.describe('a terminal of our own', () => {
    age.describe('the age tool', () => {
      test('opens a keystore', async () => {
        await createKeystore(path, secret);
        const output = join(folder, 'plain.json');
        const typed = spawnSync(
          script.path,
          ['-qec', `${age.path} --decrypt --output '${output}' '${path}'`, '/dev/null'],
          {
            input: `${secret.passphrase}\n`,
            timeout: 20_000,
          },
        );
        expect([typed.status, typed.stdout.toString()]).toEqual([0, expect.any(String)]);
        expect(JSON.parse(await readFile(output, 'utf8'))).toEqual({
          format: 'cairn-keystore',
          version: 1,
          network: 'devnet',
          phrase,
        });
      });
    });
  });

  test('an age file in binary form opens too', async () => {
    const encrypter = new Encrypter();
    encrypter.setScryptWorkFactor(4);
    encrypter.setPassphrase('x');
    const json = JSON.stringify({ format: 'cairn-keystore', version: 1, network: 'testnet', phrase });
    await writeFile(path, await encrypter.encrypt(json));
    expect(await openKeystore(path, 'x')).toEqual({ phrase, network: 'testnet', isEncrypted: true });
  });

  test('stays in plain text only when the passphrase is empty, and is still the owner’s alone', async () => {
    await createKeystore(path, { ...secret, passphrase: '' });
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ format: 'cairn-keystore', phrase });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    for (const passphrase of ['', 'anything']) {
      expect(await openKeystore(path, passphrase)).toEqual({ phrase, network: 'devnet', isEncrypted: false });
    }
  });

  test('a wrong passphrase and a missing one are told apart', async () => {
    await createKeystore(path, secret);
    expect(await failure(openKeystore(path, 'Correct horse'))).toMatchObject({
      code: 'keystore/wrong-passphrase',
    });
    expect(await failure(openKeystore(path, ''))).toMatchObject({ code: 'keystore/passphrase-needed' });
  });

  test('a missing keystore names the command that makes one', async () => {
    const error = await failure(openKeystore(path, 'x'));
    expect(error.code).toBe('keystore/missing');
    expect(error.message).toContain(path);
    expect(error.next).toContain('cairn keys new');
  });

  test('never overwrites, not even when two are made at once, and leaves no temporary file', async () => {
    const outcomes = await Promise.allSettled(
      ['one', 'two', 'three'].map((passphrase) => createKeystore(path, { ...secret, passphrase })),
    );
    const made = outcomes.filter(({ status }) => status === 'fulfilled');
    expect(made).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'keystore/exists' });
    }
    const before = await readFile(path);
    expect(await failure(createKeystore(path, secret))).toMatchObject({ code: 'keystore/exists' });
    expect(await readFile(path)).toEqual(before);
    expect(await readdir(folder)).toEqual(['keystore.age']);
  });

  test('makes the folders it needs; says so when it cannot', async () => {
    const deep = join(folder, 'a', 'b', 'keystore.age');
    await createKeystore(deep, secret);
    expect((await openKeystore(deep, secret.passphrase)).phrase).toBe(phrase);
    await writeFile(join(folder, 'file'), '');
    const inFile = join(folder, 'file', 'keystore.age');
    expect(await failure(createKeystore(inFile, secret))).toMatchObject({ code: 'keystore/unusable-file' });
    await mkdir(path);
    expect(await failure(openKeystore(path, 'x'))).toMatchObject({ code: 'keystore/unusable-file' });
  });

  const good = { format: 'cairn-keystore', version: 1, network: 'devnet', phrase };
  test.each([
    ['an empty file', ''],
    ['something else', 'hello'],
    ['another JSON', '[]'],
    ['null', 'null'],
    ['another format', JSON.stringify({ ...good, format: 'web3' })],
    ['another version', JSON.stringify({ ...good, version: 2 })],
    ['no network', JSON.stringify({ ...good, network: 7 })],
    ['a cut phrase', JSON.stringify({ ...good, phrase: phrase.slice(0, -4) })],
    ['JSON cut in the phrase', JSON.stringify(good).slice(0, -5)],
    ['damaged armor', '-----BEGIN AGE ENCRYPTED FILE-----\n!!!\n-----END AGE ENCRYPTED FILE-----\n'],
    ['a huge file', 'x'.repeat(65 * 1024)],
  ])('%s is not a keystore', async (_name, content) => {
    await writeFile(path, content);
    expect(await failure(openKeystore(path, 'x'))).toMatchObject({ code: 'keystore/not-a-keystore' });
  });

  test('a phrase that slipped into another field by hand is in no message', async () => {
    const slipped = { format: 'cairn-keystore', version: secret.phrase, network: 'devnet' };
    await writeFile(path, JSON.stringify(slipped));
    const error = await failure(openKeystore(path, 'x'));
    expect(error).toMatchObject({ code: 'keystore/not-a-keystore' });
    for (const word of secret.phrase.split(' ')) expect(String(error)).not.toContain(` ${word}`);
  });

  test('a flipped byte anywhere is noticed', async () => {
    await createKeystore(path, secret);
    const binary = armor.decode(await readFile(path, 'utf8'));
    for (let at = 0; at < binary.length; at += 7) {
      const changed = binary.map((byte, i) => (i === at ? byte ^ 1 : byte));
      await writeFile(path, armor.encode(changed));
      const { code } = await failure(openKeystore(path, secret.passphrase));
      expect(['keystore/wrong-passphrase', 'keystore/not-a-keystore']).toContain(code);
    }
  });

  test('an unchecked phrase or an impossible work factor is our own mistake, and nothing is written', async () => {
    await expect(createKeystore(path, { ...secret, phrase: 'zoo' })).rejects.toThrow(/unchecked phrase/);
    await expect(createKeystore(path, { ...secret, scryptWorkFactor: 23 })).rejects.toThrow(/1 to 22/);
    expect(await readdir(folder)).toEqual([]);
  });
});
