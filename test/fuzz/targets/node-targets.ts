import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sqlite3 from 'sqlite3';
import type { BlockId } from '#chain';
import { createMemoryChain } from '../../../chain/testing/memory-chain.js';
import { LedgerState } from '../../../libs/ledger/chain/ledger-state.js';
import { SqlitePages } from '../../../libs/ledger/storage/salvage/sqlite-pages.js';
import { findRecords, readRecord } from '../../../libs/ledger/storage/salvage/sqlite-records.js';
import { readSnapshot, writeSnapshot } from '../../../libs/ledger/storage/snapshot-file.js';
import { isRelayed, multiaddrToPeerId, multiaddrToPlace } from '../../../libs/p2p/peers/net-place.js';
import { readPeerFile } from '../../../libs/p2p/peers/peer-file.js';
import { FrameError, readFrame } from '../../../libs/p2p/streams/frames.js';
import { FindingError, type FuzzTarget, textTarget } from '../fuzz-target.js';

const DIGEST_BYTES = 32;

function withDigest(body: Uint8Array): Uint8Array {
  return Buffer.concat([body, createHash('sha256').update(body).digest()]);
}

/** A snapshot of the state; its digest is put right, so that what is behind it is read. */
async function snapshotTarget(folder: string): Promise<FuzzTarget> {
  const chain = createMemoryChain();
  chain.fund(5n, chain.wallet('alice'), chain.wallet('bob'));
  const { law } = chain;
  const genesis = chain.at(0).block.id as BlockId;
  const point = { id: chain.tip.block.id as BlockId, height: chain.height };
  const file = join(folder, 'fuzzed.snapshot');
  const state = new LedgerState();
  for (let height = 0; height <= chain.height; height++) state.apply(chain.at(height).diff);
  await writeSnapshot(file, law, genesis, point, state.freeze(law.namespaces.values()));
  const sample = readFileSync(file).subarray(0, -DIGEST_BYTES);
  return {
    name: 'state-snapshot',
    form: 'bytes',
    samples: () => [new Uint8Array(sample)],
    async run(input) {
      writeFileSync(file, withDigest(input));
      const read = await readSnapshot(file, law, genesis, point);
      return 'why' in read ? read.why.replace(/ .*/s, '') : 'accepted';
    },
  };
}

/** Rows with and without overflow pages, in small pages. */
function writeDatabase(path: string): Promise<void> {
  const rows = [0, 9, 300, 5_000].map(
    (length) => `INSERT INTO row (a, b, c) VALUES (zeroblob(${length}), 'text', 1.5);`,
  );
  const create =
    'PRAGMA page_size = 1024; CREATE TABLE row (id INTEGER PRIMARY KEY, a BLOB, b TEXT, c REAL);';
  return new Promise((resolve, reject) => {
    const done = (error: Error | null): void => (error === null ? resolve() : reject(error));
    const database = new sqlite3.Database(path);
    database.exec(create + rows.join(''), (error) => (error === null ? database.close(done) : done(error)));
  });
}

/** A database file that is damaged anywhere: rows are found or not, nothing else happens. */
async function salvageTarget(folder: string): Promise<FuzzTarget> {
  const good = join(folder, 'good.db');
  await writeDatabase(good);
  const file = join(folder, 'fuzzed.db');
  const sample = readFileSync(good);
  return {
    name: 'sqlite-salvage',
    form: 'bytes',
    samples: () => [new Uint8Array(sample)],
    async run(input) {
      writeFileSync(file, input);
      const pages = await SqlitePages.open(file);
      try {
        let found = 0;
        let bytes = 0;
        for await (const place of findRecords(pages)) {
          const columns = await readRecord(pages, place);
          found += columns === undefined ? 0 : 1;
          for (const column of columns ?? []) bytes += column.length;
        }
        if (bytes > 64 * input.length + 65_536)
          throw new FindingError(`${bytes} bytes out of ${input.length}`);
        return `${Math.min(found, 9)} rows`;
      } finally {
        await pages.close();
      }
    },
  };
}

/** The peers a node remembers. */
function peerFileTarget(folder: string): FuzzTarget {
  const file = join(folder, 'peers.json');
  const peer = {
    peer: '12D3KooW',
    addresses: ['/ip4/10.0.0.1/tcp/4001'],
    source: 'bootstrap',
    heardMs: 1,
    triedMs: 0,
    reachedMs: 0,
    failures: 0,
  };
  const ban = { key: '12D3KooW', kind: 'peer', rule: 'header/proof-of-work', untilMs: 9, times: 1 };
  return textTarget({
    name: 'peer-file',
    samples: () => [JSON.stringify({ version: 1, peers: [peer], bans: [ban], anchors: ['12D3KooW'] })],
    read: async (text) => {
      writeFileSync(file, text);
      let isDamaged = false;
      const { peers, bans, anchors } = await readPeerFile(file, () => {
        isDamaged = true;
      });
      if (!isDamaged) return 'accepted';
      if (peers.length + bans.length + anchors.length > 0)
        throw new FindingError('a damaged file gives peers');
      return 'damaged';
    },
  });
}

/** Addresses of peers: one place has one name, or limits for an address could be walked around. */
function multiaddrTarget(): FuzzTarget {
  return textTarget({
    name: 'multiaddr',
    samples: () => [
      '/ip4/10.1.2.3/tcp/4001/p2p/12D3KooW',
      '/ip6/2001:db8::1/tcp/4001',
      '/ip6/::ffff:10.1.2.3/udp/1',
      '/dns4/Example.org/tcp/443/p2p/A/p2p-circuit/p2p/B',
    ],
    read: (text) => {
      isRelayed(text);
      multiaddrToPeerId(text);
      const place = multiaddrToPlace(text);
      if (place === undefined) return 'refused';
      const [, family] = text.split('/');
      if (family !== 'ip4' && family !== 'ip6') return 'accepted';
      const isPlain = place.address.includes(':')
        ? /^([0-9a-f]{1,4}:){7}[0-9a-f]{1,4}$/.test(place.address)
        : /^((0|[1-9]\d{0,2})\.){3}(0|[1-9]\d{0,2})$/.test(place.address);
      if (!isPlain) throw new FindingError(`a place has another name: ${JSON.stringify(place.address)}`);
      return 'accepted';
    },
  });
}

class Arrival extends Event {
  constructor(readonly data: Uint8Array) {
    super('message');
  }
}

/** One frame of a stream, in pieces of the size that the first byte says. */
function frameTarget(): FuzzTarget {
  const frame = Uint8Array.of(5, 0, 0, 0, 4, 1, 2, 3, 4);
  return {
    name: 'stream-frame',
    form: 'bytes',
    samples: () => [frame, Uint8Array.of(200, ...frame.subarray(1))],
    async run(input) {
      const stream = Object.assign(new EventTarget(), {
        readBufferLength: 1,
        status: 'open',
        remoteWriteStatus: 'writable',
      });
      const read = readFrame(stream as never, 1_024, new AbortController().signal);
      const size = Math.max(1, input[0] ?? 1);
      for (let at = 1; at < input.length; at += size)
        stream.dispatchEvent(new Arrival(input.slice(at, at + size)));
      stream.dispatchEvent(new Event('close'));
      try {
        const bytes = await read;
        // What comes in a later piece than the end of the frame is nobody's any more.
        if (bytes.length > 1_024 || Buffer.compare(bytes, input.subarray(5, 5 + bytes.length)) !== 0)
          throw new FindingError('another frame');
        return 'accepted';
      } catch (error) {
        if (error instanceof FrameError) return error.fault;
        throw error;
      }
    },
  };
}

/** What a node reads back from its own disk, and what peers send below the messages. */
export async function nodeTargets(): Promise<{ readonly targets: readonly FuzzTarget[]; close(): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-fuzz-node-'));
  const targets = [
    await snapshotTarget(folder),
    await salvageTarget(folder),
    peerFileTarget(folder),
    multiaddrTarget(),
    frameTarget(),
  ];
  return { targets, close: () => rmSync(folder, { recursive: true, force: true }) };
}
