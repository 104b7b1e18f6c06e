import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { devnet, mainnet } from '#chain';
import { toFileName } from './file-name.js';
import { openOperatorPhrase, phraseToAddress } from './operator-phrase.js';
import { Spool } from './spool.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-gateway-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('names of files', () => {
  test.each([['a.txt'], ['a b/ü…/c.tar.gz'], ['...'], ['.hidden/..x'], ['日本']])('%s is one', (name) => {
    expect(toFileName(name.split('/'))).toBe(name);
  });
  test.each([[''], ['a//b'], ['../a'], ['a/./b'], ['a/..'], ['a\u0000b'], ['a\nb'], ['x'.repeat(1_025)]])(
    '%j is none',
    (name) => {
      expect(() => toFileName(name)).toThrow(expect.objectContaining({ code: 'gateway/bad-request' }));
    },
  );
});

describe('the spool', () => {
  const openSpool = () => Spool.open(join(folder, 'spool'));
  const left = () => readdir(join(folder, 'spool'));

  test('keeps a body whole, readable by this user alone, until it is removed', async () => {
    const spool = await openSpool();
    const spooled = await spool.receive(Readable.from([Buffer.from('ab'), Buffer.from('c')]));
    expect(await readFile(spooled.path, 'utf8')).toBe('abc');
    expect(spooled.sizeBytes).toBe(3);
    expect((await stat(spooled.path)).mode & 0o077).toBe(0);
    await spooled.remove();
    expect(await left()).toEqual([]);
  });

  test('keeps nothing of a body that breaks off', async () => {
    const spool = await openSpool();
    const body = Readable.from(
      (async function* () {
        yield Buffer.from('half');
        throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
      })(),
    );
    await expect(spool.receive(body)).rejects.toMatchObject({ code: 'gateway/body-incomplete' });
    expect(await left()).toEqual([]);
  });

  test('is empty again after a crash', async () => {
    await (await openSpool()).receive(Readable.from([Buffer.from('left behind')]));
    expect(await left()).toHaveLength(1);
    await openSpool();
    expect(await left()).toEqual([]);
  });
});

describe('the phrase of the operator', () => {
  test('is made on a devnet, and is the same afterwards', async () => {
    const phrase = await openOperatorPhrase(folder, devnet, '');
    expect(await openOperatorPhrase(folder, devnet, '')).toBe(phrase);
    expect(phraseToAddress(phrase, devnet)).toMatch(/^dcairn1/);
  });

  test('is not made where coins are worth something', async () => {
    await expect(openOperatorPhrase(folder, mainnet, '')).rejects.toMatchObject({
      code: 'gateway/no-keystore',
    });
    expect(await readdir(folder)).toEqual([]);
  });

  test('of another network is refused', async () => {
    await openOperatorPhrase(folder, devnet, '');
    await expect(openOperatorPhrase(folder, mainnet, '')).rejects.toMatchObject({
      code: 'gateway/other-network',
    });
  });

  test('does not open with another passphrase', async () => {
    await openOperatorPhrase(folder, devnet, 'right');
    await expect(openOperatorPhrase(folder, devnet, 'wrong')).rejects.toMatchObject({
      code: 'keystore/wrong-passphrase',
    });
  });
});
