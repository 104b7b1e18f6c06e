import { Agent } from 'node:http';
import { connect, type NetConnectOpts, type Socket } from 'node:net';

/** What the engine reads from a socket at a time in any case. */
const READ_BYTES = 64 * 1024;

/**
 * An agent whose connections read into one buffer each, again and again, in place of a new one for every read: those
 * would be garbage that V8 counts, and for every 64 MiB of it V8 collects the whole heap, which takes half of what
 * receiving takes.
 */
export class ReadingAgent extends Agent {
  override createConnection(options: NetConnectOpts): Socket {
    let buffer: Uint8Array | undefined;
    const socket = connect({
      ...options,
      onread: {
        buffer: () => {
          buffer ??= Buffer.allocUnsafeSlow(READ_BYTES);
          return buffer;
        },
        callback: (count, bytes) => {
          // The parser of HTTP has copied what it wants of them when this returns.
          socket.emit('data', bytes.subarray(0, count));
          return true;
        },
      },
    });
    return socket;
  }
}
