import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TransportHandler } from '#sync';
import { createP2pTransport, type P2pOptions, type P2pTransport } from '../index.js';

export const TEST_GENESIS = '5e'.repeat(32);

/** A handler that answers with what it was asked and accepts everything. */
export function createEchoHandler(): TransportHandler & { readonly peers: Set<string> } {
  const peers = new Set<string>();
  return {
    peers,
    connected: (peer) => void peers.add(peer),
    disconnected: (peer) => void peers.delete(peer),
    request: (_peer, bytes) => Promise.resolve(bytes),
    published: () => Promise.resolve('accept'),
  };
}

/** The library ends some timers by itself, within two seconds of a node's end: what a test file waits for at its end. */
export function libraryTimersEnded(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 2_100));
}

/** Nodes of one test on this machine: any free ports, folders that go with them. */
export class LoopbackNodes {
  private readonly folders: string[] = [];
  private readonly transports: P2pTransport[] = [];

  async newFolder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'cairn-p2p-'));
    this.folders.push(folder);
    return folder;
  }

  /** A started node with a handler. */
  async start(handler: TransportHandler, options: Partial<P2pOptions> = {}): Promise<P2pTransport> {
    const transport = createP2pTransport({
      network: 'testnet',
      genesisId: TEST_GENESIS,
      folder: options.folder ?? (await this.newFolder()),
      host: '127.0.0.1',
      port: 0,
      isPrivateNetwork: true,
      ...options,
    });
    this.transports.push(transport);
    transport.attach(handler);
    await transport.start();
    return transport;
  }

  async close(): Promise<void> {
    await Promise.all(this.transports.splice(0).map((transport) => transport.stop()));
    await Promise.all(this.folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
  }
}

/** Where a node is reached. */
export function addressOf(transport: P2pTransport): string {
  return transport.status().addresses[0] ?? '';
}
