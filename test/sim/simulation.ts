import type { NetworkParams } from '#chain';
import { encodeTransaction, signTransaction } from '#chain';
import { createNetworkLaw } from '#contracts';
import { nativeCrypto } from '#crypto-native';
import { fastDevnet } from '../../chain/testing/memory-chain.js';
import { createWallet, faucetWallet, type Wallet } from '../../chain/testing/wallet.js';
import { EventLog } from '../../libs/sync/testing/event-log.js';
import { type NetworkConditions, SimNetwork } from '../../libs/sync/testing/sim-network.js';
import { VirtualClock } from '../../libs/sync/testing/virtual-clock.js';
import { HOSTILE_KINDS, HostilePeer } from './hostile.js';
import { LIAR_KINDS, makeBodyLiar, tellInvalidBlock } from './liars.js';
import { SelfishMiner } from './selfish-miner.js';
import { SimNode } from './sim-node.js';

export interface SimulationOptions {
  readonly seed: number;
  readonly honest: number;
  readonly miners: number;
  readonly hostilePeers: boolean;
  readonly liars: boolean;
  readonly selfish: boolean;
  /** Nodes that join half way. */
  readonly late: number;
  readonly restarts: number;
  readonly partition: boolean;
  readonly miningMs: number;
  readonly blockMs: number;
  readonly transactionMs: number;
  readonly conditions: NetworkConditions;
  readonly params: NetworkParams;
  readonly keepsLog: boolean;
}

export const DEFAULT_SIMULATION: Omit<SimulationOptions, 'seed'> = {
  honest: 14,
  miners: 5,
  hostilePeers: true,
  liars: true,
  selfish: true,
  late: 2,
  restarts: 4,
  partition: true,
  miningMs: 150_000,
  blockMs: 2_000,
  transactionMs: 1_500,
  conditions: { latencyMs: [15, 250], loss: 0.01, bytesPerMs: 500, outbound: 4, banMs: 60_000 },
  params: fastDevnet,
  keepsLog: false,
};

/** What came out of a run. */
export interface SimulationReport {
  readonly seed: number;
  readonly nodes: number;
  readonly isConverged: boolean;
  readonly tip: string;
  readonly stateRoot: string;
  readonly height: number;
  readonly blocksMined: number;
  readonly heldBackBlocks: number;
  readonly reorgs: number;
  readonly deepestReorg: number;
  readonly transactions: number;
  readonly confirmed: number;
  readonly bans: number;
  readonly bytesSent: number;
  readonly messages: number;
  /** From the last found block until the last honest node had it, in virtual time. */
  readonly convergenceMs: number;
  readonly refusals: Readonly<Record<string, number>>;
  readonly honestBanned: number;
  readonly faults: number;
  /** Timers left after every node stopped. */
  readonly leftTimers: number;
  readonly events: number;
  readonly log: string;
  readonly lines: readonly string[];
}

const CONVERGE_WITHIN_MS = 120_000;
const SHARE_OF_SELFISH = 0.3;

/** One run, which is a function of its options alone. */
export async function runSimulation(options: SimulationOptions): Promise<SimulationReport> {
  const run = new Simulation(options);
  await run.mineAndTrade();
  return run.finish();
}

class Simulation {
  private readonly log: EventLog;
  private readonly clock: VirtualClock;
  private readonly network: SimNetwork;
  private readonly law;
  private readonly honest: SimNode[] = [];
  private readonly liars: SimNode[] = [];
  private readonly hostile: HostilePeer[] = [];
  private readonly miners: Wallet[];
  private readonly faucet: Wallet;
  private selfish: SelfishMiner | undefined;
  private readonly sequences = new Map<string, bigint>();
  private isMining = true;
  private blocksMined = 0;
  private transactions = 0;
  private readonly startMs: number;

  constructor(private readonly options: SimulationOptions) {
    const { params, seed, honest } = options;
    this.startMs = params.genesis.timeSeconds * 1000 + 3_600_000;
    this.log = new EventLog(options.keepsLog);
    this.clock = new VirtualClock(seed, this.startMs);
    this.network = new SimNetwork(this.clock, options.conditions, this.log);
    this.law = createNetworkLaw(params, nativeCrypto);
    this.miners = Array.from({ length: options.miners }, (_, at) => this.wallet(`miner ${at}`));
    this.faucet = faucetWallet(nativeCrypto, params);
    for (let at = 0; at < honest; at++) this.honest.push(this.node(`n${at}`));
  }

  async mineAndTrade(): Promise<void> {
    const { options, clock } = this;
    for (const node of this.honest.slice(0, options.honest - options.late)) await node.start();
    if (options.liars) await this.startLiars();
    if (options.hostilePeers) this.startHostile();
    if (options.selfish) await this.startSelfish();
    this.onceIn(options.blockMs, () => this.mineOnHonest());
    this.onceIn(options.transactionMs, () => this.trade());
    const at = (share: number, what: () => Promise<void> | void): void => {
      clock.after(options.miningMs * share, () => void what());
    };
    at(0.5, async () => {
      for (const node of this.honest) if (!node.isUp) await node.start();
    });
    for (let count = 0; count < options.restarts; count++)
      at(0.15 + 0.7 * clock.random(), () => this.restart());
    if (options.partition) {
      at(0.25, () => this.network.partition(this.some(0.4)));
      at(0.45, () => this.network.heal());
    }
    await clock.runUntil(this.startMs + options.miningMs);
  }

  async finish(): Promise<SimulationReport> {
    this.isMining = false;
    const stoppedMs = this.clock.nowMs();
    for (const node of this.honest) if (!node.isUp) await node.start();
    let lastBlockMs = stoppedMs;
    await this.clock.runUntil(stoppedMs + CONVERGE_WITHIN_MS / 2, () => this.isConverged());
    // Two branches of equal weight are both right until the next block.
    if (!this.isConverged()) {
      await (this.honest[0] as SimNode).mine((this.miners[0] as Wallet).account);
      this.blocksMined += 1;
      lastBlockMs = this.clock.nowMs();
      await this.clock.runUntil(lastBlockMs + CONVERGE_WITHIN_MS, () => this.isConverged());
    }
    const convergenceMs = this.clock.nowMs() - lastBlockMs;
    const report = this.report(convergenceMs);
    for (const node of [...this.honest, ...this.liars]) await node.stop();
    for (const peer of this.hostile) peer.stop();
    // What is still on the wires arrives nowhere; after that nothing may be left to do.
    await this.clock.runUntil(this.clock.nowMs() + CONVERGE_WITHIN_MS);
    return { ...report, leftTimers: this.clock.pending };
  }

  private node(ref: string): SimNode {
    return new SimNode(ref, this.law, this.network, {
      keptBehindBlocks: 12,
      pollMs: 10_000,
      requestTimeoutMs: 5_000,
    });
  }

  private wallet(label: string): Wallet {
    return createWallet(nativeCrypto, this.options.params, label);
  }

  private async startLiars(): Promise<void> {
    for (const kind of LIAR_KINDS) {
      const node = this.node(`liar-${kind}`);
      this.liars.push(node);
      await node.start();
      if (kind !== 'invalid-blocks') makeBodyLiar(node, kind);
      else {
        let which = 0;
        this.onceIn(this.options.blockMs * 8, () => {
          const { account } = this.miners[0] as Wallet;
          tellInvalidBlock(node, this.law, account, which++);
        });
      }
    }
  }

  private startHostile(): void {
    for (const kind of HOSTILE_KINDS) {
      const peer = new HostilePeer(
        `h-${kind}`,
        kind,
        this.law,
        this.network,
        kind === 'low-work' ? 40 : 2_500,
      );
      this.hostile.push(peer);
      peer.start();
    }
  }

  private async startSelfish(): Promise<void> {
    const node = this.node('selfish');
    this.liars.push(node);
    await node.start();
    const { account } = this.wallet('selfish');
    const { law, clock } = this;
    this.selfish = new SelfishMiner(node, account, {
      law,
      verifyBatch: async (checks) => law.crypto.verifyBatch(checks),
      clock: () => Math.floor(clock.nowMs() / 1000),
    });
    const { selfish } = this;
    node.parts.access.onEvent((event) => {
      if (event.type === 'tip' && this.isMining) this.clock.after(0, () => void selfish.watch());
    });
    const every = (this.options.blockMs * (1 - SHARE_OF_SELFISH)) / SHARE_OF_SELFISH;
    this.onceIn(every, async () => {
      this.blocksMined += 1;
      await selfish.mine();
    });
  }

  /** A Poisson process while there is mining. */
  private onceIn(meanMs: number, what: () => Promise<void> | void): void {
    this.clock.after(-Math.log(1 - this.clock.random()) * meanMs, () => {
      if (!this.isMining) return;
      void what();
      this.onceIn(meanMs, what);
    });
  }

  private async mineOnHonest(): Promise<void> {
    const at = Math.floor(this.clock.random() * this.miners.length);
    const node = this.honest[at] as SimNode;
    if (!node.isUp) return;
    this.blocksMined += 1;
    await node.mine((this.miners[at] as Wallet).account);
  }

  /** A transfer from the faucet, in a lane of the node it is handed to. */
  private async trade(): Promise<void> {
    const at = Math.floor(this.clock.random() * this.honest.length);
    const node = this.honest[at] as SimNode;
    if (!node.isUp) return;
    const { law, faucet } = this;
    const sequence = this.sequences.get(node.ref) ?? 0n;
    const to = this.wallet(`receiver ${Math.floor(this.clock.random() * 50)}`).account;
    const body = { to, amount: 1_000n, memo: new Uint8Array() };
    const unsigned = { kind: 'transfer', sender: faucet.publicKey, lane: at, sequence, fee: 1_000n, body };
    const signed = signTransaction(law, unsigned, faucet.secretKey);
    const result = await node.parts.access.submitTransaction(encodeTransaction(law, signed));
    if (!result.ok) return;
    this.transactions += 1;
    this.sequences.set(node.ref, sequence + 1n);
  }

  private async restart(): Promise<void> {
    const node = this.honest[Math.floor(this.clock.random() * this.honest.length)] as SimNode;
    if (!node.isUp) return;
    this.log.add(this.clock.nowMs(), `${node.ref} stops`);
    await node.stop();
    this.clock.after(5_000 * this.clock.random(), () => {
      if (!node.isUp) void node.start();
    });
  }

  private some(share: number): string[] {
    return this.network.refs().filter(() => this.clock.random() < share);
  }

  private isConverged(): boolean {
    const tips = new Set(this.honest.map((node) => (node.isUp ? node.tip.id : 'down')));
    return tips.size === 1 && !tips.has('down');
  }

  private report(convergenceMs: number): SimulationReport {
    const { honest, network, options } = this;
    const refusals: Record<string, number> = {};
    for (const node of honest)
      for (const [rule, count] of node.refusals) refusals[rule] = (refusals[rule] ?? 0) + count;
    const first = honest[0] as SimNode;
    const roots = new Set(honest.map((node) => node.tip.stateRoot));
    return {
      seed: options.seed,
      nodes: honest.length + this.liars.length + this.hostile.length,
      isConverged: this.isConverged() && roots.size === 1,
      tip: first.tip.id,
      stateRoot: first.tip.stateRoot,
      height: first.tip.height,
      blocksMined: this.blocksMined,
      heldBackBlocks: this.selfish?.released ?? 0,
      reorgs: honest.reduce((sum, node) => sum + node.reorgs, 0),
      deepestReorg: Math.max(...honest.map((node) => node.deepestReorg)),
      transactions: this.transactions,
      confirmed: this.confirmed(first),
      bans: network.bans,
      bytesSent: network.bytesSent,
      messages: network.messages,
      convergenceMs,
      refusals,
      honestBanned: honest.filter((node) =>
        honest.some((other) => other.isUp && other.parts.transport.isBanned(node.ref)),
      ).length,
      faults: honest.reduce((sum, node) => sum + node.faults.length, 0),
      leftTimers: 0,
      events: this.clock.events,
      log: this.log.digest(),
      lines: this.log.lines,
    };
  }

  private confirmed(node: SimNode): number {
    const { tree } = node.parts.chain;
    let count = 0;
    for (let height = 1; height <= tree.tip.height; height++)
      count += tree.mainAt(height)?.transactionCount ?? 0;
    return count;
  }
}
