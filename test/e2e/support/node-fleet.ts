import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { accountIdToAddress, devnet, publicKeyToAccountId } from '#chain';
import { nativeCrypto } from '#crypto-native';
import { type Child, spawnChild } from '#lifecycle';
import { createNodeClient, type NodeClient } from '#node-api';

const READY_MS = 60_000;

/** One node of the fleet, which keeps its folder and its ports over restarts. */
export interface FleetNode {
  readonly name: string;
  readonly client: NodeClient;
  readonly url: string;
  /** Multiaddr with peer id. */
  readonly p2p: string;
  readonly p2pPort: number;
  readonly pid: number;
}

interface Running extends FleetNode {
  readonly child: Child;
  readonly env: Readonly<Record<string, string>>;
}

/** Nodes and miners of different operators on this machine, each a process with its own folder. */
export class NodeFleet {
  private readonly nodes = new Map<string, Running>();
  private readonly miners: Child[] = [];
  private readonly pids: number[] = [];
  private readonly ports = new Set<number>();

  private constructor(readonly folder: string) {}

  static async create(): Promise<NodeFleet> {
    return new NodeFleet(await mkdtemp(join(tmpdir(), 'cairn-fleet-')));
  }

  /** Starts a node, or starts it again with the same folder, ports and settings. */
  async startNode(name: string, settings: Readonly<Record<string, string>> = {}): Promise<FleetNode> {
    const before = this.nodes.get(name);
    const env = before?.env ?? settings;
    const child = this.spawn(name, 'chain-node', {
      ...env,
      CAIRN_NODE_PORT: before === undefined ? '0' : new URL(before.url).port,
      CAIRN_P2P_PORT: String(before?.p2pPort ?? 0),
    });
    const ready = await child.ready(READY_MS);
    const url = ready['node'] ?? '';
    const p2p = ready['p2p'] ?? '';
    const p2pPort = Number(/tcp\/(\d+)/.exec(p2p)?.[1]);
    await before?.client.close();
    const client = createNodeClient({ baseUrl: url });
    const node: Running = { name, client, url, p2p, p2pPort, pid: child.pid, child, env };
    this.nodes.set(name, node);
    for (const port of [p2pPort, Number(new URL(url).port)]) this.ports.add(port);
    return node;
  }

  node(name: string): FleetNode {
    const node = this.nodes.get(name);
    if (node === undefined) throw new Error(`there is no node ${name}`);
    return node;
  }

  /** Data folder of a node. */
  folderOf(name: string): string {
    return join(this.folder, name.replaceAll(' ', '-'));
  }

  /** SIGKILL. */
  async killNode(name: string): Promise<void> {
    await this.nodes.get(name)?.child.kill();
  }

  /** A miner on one of the nodes; what it returns stops it. */
  async startMiner(nodeName: string): Promise<() => Promise<void>> {
    const miner = this.spawn(`miner of ${nodeName}`, 'miner', {
      CAIRN_NODE_URL: this.node(nodeName).url,
      CAIRN_OPS_PORT: '0',
      CAIRN_MINER_ADDRESS: faucetAddress(),
    });
    this.miners.push(miner);
    await miner.ready(READY_MS);
    return async () => void (await miner.stop());
  }

  /** Resident memory of a node now, in MiB. Linux only. */
  residentMiB(name: string): number {
    const status = readFileSync(`/proc/${this.node(name).pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1_024;
  }

  /** Stops everything in good order; the exit codes of the nodes, what is still listened on, and their pids. */
  async stop(): Promise<{
    readonly codes: readonly (number | null)[];
    readonly openPorts: readonly number[];
    readonly pids: readonly number[];
  }> {
    await Promise.all(this.miners.map((miner) => miner.stop()));
    const running = [...this.nodes.values()];
    await Promise.all(running.map(({ client }) => client.close()));
    const exits = await Promise.all(running.map(({ child }) => child.stop()));
    const ports = [...this.ports];
    const isOpen = await Promise.all(ports.map(isListening));
    await rm(this.folder, { recursive: true, force: true });
    return {
      codes: exits.map(({ code }) => code),
      openPorts: ports.filter((_, at) => isOpen[at]),
      pids: this.pids,
    };
  }

  private spawn(name: string, app: string, env: Readonly<Record<string, string>>): Child {
    const child = spawnChild({
      name,
      file: resolve('dist', 'apps', app, 'main.js'),
      cwd: tmpdir(),
      env: {
        CAIRN_NETWORK: 'devnet',
        CAIRN_CHECK_INVARIANTS: 'on',
        CAIRN_DATA_DIR: this.folderOf(name),
        CAIRN_LOG_LEVEL: 'warn',
        REDIS_URL: '',
        ...env,
      },
    });
    this.pids.push(child.pid);
    return child;
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => done(false));
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
  });
}

function faucetAddress(): string {
  const key = Uint8Array.from(Buffer.from(devnet.genesis.allocations[0]?.publicKey ?? '', 'hex'));
  return accountIdToAddress(devnet, publicKeyToAccountId(nativeCrypto, devnet, key));
}
