/**
 * One end of a copy of a file from one hyperdrive to another over a TCP connection on this machine:
 * `node hyperdrive.mjs STORAGE`. The writer: serve, put. The reader: connect, all.
 */
import { createReadStream } from 'node:fs';
import { connect, createServer } from 'node:net';
import { pipeline } from 'node:stream/promises';
import Corestore from 'corestore';
import Hyperdrive from 'hyperdrive';
import { serve } from './lines.mjs';

const store = new Corestore(process.argv[2]);
let drive;

serve({
  async serve() {
    drive = new Hyperdrive(store);
    await drive.ready();
    // The first entry names the core of the blobs: the reader can follow it while the file is being put.
    await drive.put('/first', Buffer.from('first'));
    const server = createServer((socket) => join(socket, false));
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { key: drive.key.toString('hex'), port: server.address().port };
  },
  async put({ file }) {
    await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), drive.createWriteStream('/file'));
    return {};
  },
  async connect({ key, port }) {
    drive = new Hyperdrive(store, Buffer.from(key, 'hex'));
    await drive.ready();
    const socket = connect(port, '127.0.0.1');
    const found = drive.findingPeers();
    join(socket, true);
    socket.once('connect', found);
    while ((await drive.get('/first')) === null) await drive.update({ wait: true });
    // All there is and all that comes.
    (await drive.getBlobs()).core.download({ start: 0, end: -1 });
    return {};
  },
  /** Resolves when every block of the file is here. */
  async all({ sizeBytes }) {
    let entry = await drive.entry('/file');
    while (entry === null) {
      await new Promise((resolve) => drive.db.core.once('append', resolve));
      entry = await drive.entry('/file');
    }
    const { blockOffset, blockLength, byteLength } = entry.value.blob;
    if (byteLength !== sizeBytes) throw new Error(`${byteLength} bytes instead of ${sizeBytes}`);
    const { core } = await drive.getBlobs();
    await core.download({ start: blockOffset, end: blockOffset + blockLength }).done();
    if (!(await core.has(blockOffset, blockOffset + blockLength))) throw new Error('blocks are missing');
    return {};
  },
});

function join(socket, isInitiator) {
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  const stream = store.replicate(isInitiator);
  stream.on('error', () => undefined);
  stream.pipe(socket).pipe(stream);
}
