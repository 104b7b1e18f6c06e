import { connect, type Socket } from 'node:net';
import { identify } from '@libp2p/identify';
import type { Connection, Libp2p, Stream } from '@libp2p/interface';
import { noise } from '@libp2p/noise';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';

/** A peer that speaks libp2p and means no good. `protocols` are what it claims to speak. */
export class HostilePeer {
  private constructor(
    readonly node: Libp2p,
    readonly connection: Connection,
    private readonly protocol: string,
  ) {}

  static async connect(target: string, protocol: string, protocols = [protocol]): Promise<HostilePeer> {
    const node = await createLibp2p({
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      services: { identify: identify() },
    });
    try {
      for (const claimed of protocols) await node.handle(claimed, () => undefined);
      const connection = await node.dial(multiaddr(target));
      return new HostilePeer(node, connection, protocol);
    } catch (error) {
      await node.stop();
      throw error;
    }
  }

  get id(): string {
    return this.node.peerId.toString();
  }

  /** A stream of the protocol on which anything may be written. */
  open(): Promise<Stream> {
    return this.connection.newStream(this.protocol, { maxOutboundStreams: 10_000, negotiateFully: false });
  }

  /** Writes bytes on a new stream and leaves it open. */
  async write(bytes: Uint8Array): Promise<Stream> {
    const stream = await this.open();
    stream.send(bytes);
    return stream;
  }

  get isConnected(): boolean {
    return this.connection.status === 'open';
  }

  async close(): Promise<void> {
    await this.node.stop();
  }
}

/** A frame as the protocol has them, with any length written in front. */
export function frameOf(bytes: Uint8Array, length = bytes.byteLength): Uint8Array {
  const frame = new Uint8Array(4 + bytes.byteLength);
  new DataView(frame.buffer).setUint32(0, length);
  frame.set(bytes, 4);
  return frame;
}

/** Raw sockets to a node, from one address. */
export class RawSockets {
  readonly sockets: Socket[] = [];
  closed = 0;

  /** Opens one; resolves when it is connected or refused. */
  open(port: number, first?: Uint8Array): Promise<Socket> {
    return new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1');
      this.sockets.push(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        this.closed += 1;
        resolve(socket);
      });
      socket.once('connect', () => {
        if (first !== undefined) socket.write(first);
        resolve(socket);
      });
    });
  }

  closeAll(): void {
    for (const socket of this.sockets) socket.destroy();
  }
}
