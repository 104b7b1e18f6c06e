import { genesisBlock, type Law } from '#chain';
import { violationToText } from '#errors';
import {
  decodeMessage,
  encodeMessage,
  type Hello,
  type MessageBody,
  type MessageName,
} from '../messages/messages.js';
import type { GossipTopic, GossipVerdict, PeerRef, TransportHandler } from '../ports.js';
import type { SimNetwork, SimTransport } from './sim-network.js';

/** What a peer answers to each kind of request; nothing to the rest. */
export type Answers = {
  readonly [N in MessageName]?: (body: MessageBody<N>) => Uint8Array | Promise<Uint8Array>;
};

/** A peer that introduces itself as a test wants, answers what it is told to, and says whatever a test makes it say. */
export class ScriptedPeer implements TransportHandler {
  readonly transport: SimTransport;
  /** What it was asked, in order. */
  readonly asked: MessageName[] = [];
  /** What it heard by gossip. */
  readonly heard: { readonly topic: GossipTopic; readonly bytes: Uint8Array }[] = [];

  constructor(
    readonly ref: PeerRef,
    private readonly law: Law,
    network: SimNetwork,
    private readonly answers: Answers = {},
    private readonly changes: Partial<Hello> = {},
  ) {
    this.transport = network.join(ref);
    this.transport.attach(this);
  }

  connected(): void {}
  disconnected(): void {}

  async request(_: PeerRef, bytes: Uint8Array): Promise<Uint8Array> {
    const message = decodeMessage(bytes);
    if (!message.ok) throw new Error(violationToText(message.violation));
    const { name, body } = message.value;
    this.asked.push(name);
    const answer = this.answers[name] as ((body: unknown) => Uint8Array | Promise<Uint8Array>) | undefined;
    if (answer !== undefined) return answer(body);
    return name === 'hello' ? encodeMessage('hello', this.hello()) : new Uint8Array(0);
  }

  async published(_: PeerRef, topic: GossipTopic, bytes: Uint8Array): Promise<GossipVerdict> {
    this.heard.push({ topic, bytes });
    return 'ignore';
  }

  hello(): Hello {
    const { params } = this.law;
    const genesis = genesisBlock(this.law);
    return {
      wireVersion: 1,
      protocolVersion: params.protocolVersion,
      networkId: params.networkId,
      genesis: genesis.id,
      tip: genesis.id,
      height: 0,
      work: 1n,
      nonce: Uint8Array.from({ length: 8 }, (_, at) => this.ref.charCodeAt(at % this.ref.length)),
      capabilities: 3,
      agent: this.ref,
      ...this.changes,
    };
  }

  /** Sends any bytes as a request. */
  say(to: PeerRef, bytes: Uint8Array): Promise<Uint8Array> {
    return this.transport.request(to, bytes, { timeoutMs: 60_000, maxAnswerBytes: 1 << 24 });
  }
}
