import { mkdir, mkdtemp, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ContractId } from '#chain';
import { bytesToHex } from '#crypto';
import { PlacementBook } from '../placement-book.js';
import type { SlotRecord } from '../slot-record.js';
import { openRecord, sealRecord } from './journal-format.js';
import {
  createUploadJournals,
  FORGOTTEN_AFTER_MS,
  type UploadIdentity,
  type UploadJournal,
} from './upload-journal.js';

const key = new Uint8Array(32).fill(7);
const keys = () => ({ contentKey: new Uint8Array(32).fill(1), repairKey: new Uint8Array(32).fill(2) });
const profile = { k: 1, repairBelow: 2, n: 3 };
const identity: UploadIdentity = {
  networkId: 3,
  path: '/home/somebody/secret name',
  name: 'a',
  profile,
  epochs: 5,
  fragmentSize: 65_536,
};
const contractOf = (number: number): ContractId => number.toString(16).padStart(64, '0') as ContractId;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-journal-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const openHere = async (changes: Partial<UploadIdentity> = {}): Promise<UploadJournal> => {
  const journal = await createUploadJournals(folder, key).open({ ...identity, ...changes }, keys, 1_000);
  if (journal === undefined) throw new Error('the journal is busy');
  return journal;
};

async function onlyFile(): Promise<string> {
  const [name, ...others] = await readdir(folder);
  expect(others).toEqual([]);
  return join(folder, name ?? '');
}

function slot(number: number): SlotRecord {
  const about = { nonce: new Uint8Array(16), providerKey: new Uint8Array(32).fill(number) };
  const room = { maxBytes: 9n, maxFragments: 4, epochs: 5, expiresAt: 99 };
  return { contract: contractOf(number), ...about, ...room };
}

/** Notes a slot and two segments, the second one held by the slot late. */
async function fillIn(journal: UploadJournal): Promise<void> {
  const book = new PlacementBook(profile);
  journal.attach(book);
  journal.noteSlot(slot(1), 0);
  book.addContract(contractOf(1), ['one']);
  for (const index of [0, 1]) {
    const fragmentIds = [0, 1, 2].map((at) => new Uint8Array(32).fill(index * 3 + at));
    const segmentId = new Uint8Array(16).fill(index);
    book.addSegment(index, { segmentId, plainLength: 10, fragmentLength: 1024, fragmentIds });
    if (index === 0) book.place(index, 0, contractOf(1));
    journal.noteSegment(index, new Uint8Array(32).fill(100 + index));
  }
  book.place(1, 0, contractOf(1));
  journal.notePlaced(1, 0);
  await journal.flush();
}

describe('the journal of an upload', () => {
  test('gives back what was noted, to the same path on the same terms alone', async () => {
    const journal = await openHere();
    await fillIn(journal);
    await journal.leave();
    const again = await openHere();
    expect(again.before.slots).toMatchObject([{ contract: contractOf(1), maxBytes: 9n, position: 0 }]);
    expect([...again.before.segments.keys()]).toEqual([0, 1]);
    expect(again.before.segments.get(1)?.holders).toEqual([contractOf(1), undefined, undefined]);
    expect(bytesToHex(again.before.segments.get(1)?.plainHash ?? new Uint8Array())).toMatch(/^(65)+$/);
    await again.leave();
    for (const changes of [{ path: '/else' }, { name: 'b' }, { epochs: 6 }, { fragmentSize: 131_072 }]) {
      const other = await openHere(changes);
      expect(other.before.slots).toEqual([]);
      await other.leave();
    }
    expect(await readdir(folder)).toHaveLength(5);
  });

  test('tells nothing to whoever has the folder and not the phrase', async () => {
    const journal = await openHere();
    await fillIn(journal);
    await journal.leave();
    const path = await onlyFile();
    const bytes = await readFile(path);
    const secrets = [
      'secret',
      contractOf(1),
      Buffer.from(contractOf(1), 'hex'),
      Buffer.from(keys().contentKey),
    ];
    for (const hidden of secrets) {
      expect(bytes.includes(hidden)).toBe(false);
      expect(path.includes(hidden.toString())).toBe(false);
    }
    const stranger = await createUploadJournals(folder, new Uint8Array(32)).open(identity, keys, 1_000);
    expect(stranger?.before.segments.size).toBe(0);
    await stranger?.leave();
  });

  test('cut at any byte: whole records before it count, and it is written on after them', async () => {
    const journal = await openHere();
    await fillIn(journal);
    await journal.leave();
    const path = await onlyFile();
    const whole = await readFile(path);
    for (let cut = whole.length - 1; cut > 400; cut -= 97) {
      await writeFile(path, whole.subarray(0, cut));
      const first = await openHere();
      const seen = first.before.segments.size;
      expect(seen).toBeLessThanOrEqual(2);
      await fillIn(first);
      await first.leave();
      const second = await openHere();
      expect(second.before.segments.size).toBe(2);
      expect(second.before.slots.length).toBe(first.before.slots.length + 1);
      await second.leave();
    }
  });

  test('damaged at its head: it is begun anew under new keys', async () => {
    const journal = await openHere();
    await fillIn(journal);
    await journal.leave();
    const path = await onlyFile();
    await truncate(path, 40);
    const again = await openHere();
    expect(again.before.slots).toEqual([]);
    await again.leave();
  });

  test('one upload at a time: another living process keeps its own', async () => {
    const journals = createUploadJournals(folder, key);
    const journal = await journals.open(identity, keys, 1_000);
    expect(await journals.open(identity, keys, 1_000)).toBeUndefined();
    // Nor does another client of this process.
    expect(await createUploadJournals(folder, key).open(identity, keys, 1_000)).toBeUndefined();
    await journal?.leave();
    const again = await journals.open(identity, keys, 1_000);
    expect(again).toBeDefined();
    await again?.leave();
  });

  test('ends when its contracts are anchored; forgotten when nobody went on for a day', async () => {
    const journals = createUploadJournals(folder, key);
    const journal = await journals.open(identity, keys, 1_000);
    if (journal === undefined) throw new Error('busy');
    await fillIn(journal);
    await journal.leave();
    await journals.close([contractOf(2)]);
    expect(await readdir(folder)).toHaveLength(1);
    expect(await journals.sweep(Date.now())).toEqual({ resumable: new Set([contractOf(1)]), forgotten: [] });
    await journals.close([contractOf(1)]);
    expect(await readdir(folder)).toEqual([]);

    const old = await openHere();
    await fillIn(old);
    await old.leave();
    await utimes(await onlyFile(), 1, 1);
    const swept = await createUploadJournals(folder, key).sweep(FORGOTTEN_AFTER_MS + 2_000);
    expect(swept).toEqual({ resumable: new Set(), forgotten: [contractOf(1)] });
    expect(await readdir(folder)).toEqual([]);
  });
});

test('what does not open may be another phrase’s, or just being begun: it goes only when it is old', async () => {
  const journal = await openHere();
  await fillIn(journal);
  await journal.leave();
  const others = createUploadJournals(folder, new Uint8Array(32).fill(8));
  expect(await others.sweep(Date.now())).toEqual({ resumable: new Set(), forgotten: [] });
  expect(await readdir(folder)).toHaveLength(1);
  await utimes(await onlyFile(), 1, 1);
  await others.sweep(FORGOTTEN_AFTER_MS + 2_000);
  expect(await readdir(folder)).toEqual([]);
});

test('a folder that cannot be read is told, not taken for an empty one', async () => {
  const file = join(folder, 'a file');
  await writeFile(file, '');
  const swept = createUploadJournals(file, key).sweep(Date.now());
  await expect(swept).rejects.toMatchObject({ code: 'upload/journals-unreadable', data: { path: file } });
  const none = createUploadJournals(join(folder, 'none yet'), key);
  expect(await none.sweep(Date.now())).toEqual({ resumable: new Set(), forgotten: [] });
});

test('a journal that cannot be read is told, and not begun anew over it', async () => {
  const journal = await openHere();
  await journal.leave();
  const path = await onlyFile();
  await rm(path);
  await mkdir(path);
  const told = { code: 'upload/journals-unreadable', data: { path } };
  await expect(openHere()).rejects.toMatchObject(told);
  await expect(createUploadJournals(folder, key).sweep(Date.now())).rejects.toMatchObject(told);
});

describe('a record', () => {
  const place = { key, journalId: new Uint8Array(16).fill(3), number: 4 };
  const nonce = new Uint8Array(24).fill(9);
  const sealed = sealRecord(place, { kind: 'run', value: { pid: 258 } }, nonce);

  test('has one form', () => {
    expect(bytesToHex(sealed)).toBe(
      '2d000000090909090909090909090909090909090909090909090909bf70e38a7c28bc0333e1b9226da1f51b3ec776652b',
    );
    expect(openRecord(place, sealed, 0)).toEqual({
      record: { kind: 'run', value: { pid: 258 } },
      next: sealed.length,
    });
  });

  test('opens nowhere else and with no byte changed', () => {
    expect(openRecord({ ...place, number: 5 }, sealed, 0)).toBeUndefined();
    expect(openRecord({ ...place, journalId: new Uint8Array(16) }, sealed, 0)).toBeUndefined();
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.integer({ min: 1, max: 255 }), (at, bits) => {
        const changed = Uint8Array.from(sealed);
        changed[at] = (changed[at] ?? 0) ^ bits;
        expect(openRecord(place, changed, 0)).toBeUndefined();
      }),
    );
  });
});
