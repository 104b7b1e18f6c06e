import { createHash } from 'node:crypto';
import { type GossipSub, type GossipSubComponents, gossipsub, TopicValidatorResult } from '@libp2p/gossipsub';
import type { GossipTopic, GossipVerdict, Offence } from '#sync';
import { TokenBucket } from '../limits/token-bucket.js';
import type { P2pCounters } from '../p2p-counters.js';
import type { P2pLimits } from '../p2p-limits.js';
import type { ProtocolNames } from '../protocol-names.js';
import { toPlainBytes } from './frames.js';

export interface GossipParts {
  readonly names: ProtocolNames;
  readonly limits: P2pLimits;
  readonly counters: P2pCounters;
  readonly introduce: (peer: string) => void;
  readonly judge: (peer: string, topic: GossipTopic, bytes: Uint8Array) => Promise<GossipVerdict>;
  readonly report: (peer: string, offence: Offence) => void;
  readonly onError: (error: unknown) => void;
}

const RESULTS: Readonly<Record<GossipVerdict, TopicValidatorResult>> = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
};

const MESSAGE_ID_BYTES = 20;
/** Room for the envelope of a message around its data. */
const ENVELOPE_BYTES = 64 * 1_024;

/**
 * The gossipsub service. StrictNoSign: a block proves itself by its work and a transaction by its signature, so an
 * author's signature would only tell the world from which node a transaction came. Then nothing but the content names
 * a message, and its id is the hash of its topic and bytes.
 */
export function createGossipService(
  names: ProtocolNames,
  limits: P2pLimits,
): (components: GossipSubComponents) => GossipSub {
  const topics = Object.values(names.topics);
  const maxData = Math.max(...Object.values(limits.maxGossipBytes));
  return gossipsub({
    globalSignaturePolicy: 'StrictNoSign',
    msgIdFn: ({ topic, data }) => messageIdOf(topic, data),
    allowedTopics: topics,
    fallbackToFloodsub: false,
    emitSelf: false,
    doPX: false, // addresses come from those who own them, not from whoever prunes us
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    runOnLimitedConnection: true,
    maxInboundDataLength: maxData + ENVELOPE_BYTES,
    maxOutboundBufferSize: 16 * maxData,
    maxInboundStreams: 2,
    decodeRpcLimits: {
      maxSubscriptions: 16,
      maxMessages: 512,
      maxIhaveMessageIDs: 5_000,
      maxIwantMessageIDs: 5_000,
      maxIdontwantMessageIDs: 1_000,
      maxControlMessages: 64,
      maxPeerInfos: 8,
    },
    // many peers may share an address on one machine; addresses are limited where connections are accepted
    scoreParams: { IPColocationFactorWeight: 0 },
  });
}

/** What a message is known by. */
export function messageIdOf(topic: string, data: Uint8Array): Uint8Array {
  return createHash('sha256').update(topic).update('\0').update(data).digest().subarray(0, MESSAGE_ID_BYTES);
}

/** Judges and tells messages. */
export class Gossip {
  private readonly rates = new Map<string, { readonly messages: TokenBucket; readonly bytes: TokenBucket }>();

  constructor(private readonly parts: GossipParts) {}

  /** Takes part in the topics; from now on `judge` is asked about each message. */
  join(service: GossipSub): void {
    for (const [topic, name] of Object.entries(this.parts.names.topics) as [GossipTopic, string][]) {
      service.topicValidators.set(
        name,
        async (from, { data }) => RESULTS[await this.validate(from.toString(), topic, toPlainBytes(data))],
      );
      service.subscribe(name);
    }
  }

  publish(service: GossipSub, topic: GossipTopic, bytes: Uint8Array): void {
    this.parts.counters.moved('gossip-out', bytes.byteLength);
    service.publish(this.parts.names.topics[topic], bytes).catch(this.parts.onError);
  }

  forget(peer: string): void {
    this.rates.delete(peer);
  }

  private async validate(peer: string, topic: GossipTopic, bytes: Uint8Array): Promise<GossipVerdict> {
    const { limits, counters, report } = this.parts;
    counters.moved('gossip-in', bytes.byteLength);
    if (bytes.byteLength > limits.maxGossipBytes[topic]) {
      report(peer, { rule: 'p2p/gossip-too-large', weight: 50 });
      return 'reject';
    }
    const nowMs = Date.now();
    const rate = this.rateOf(peer, nowMs);
    if (!rate.messages.take(1, nowMs) || !rate.bytes.take(bytes.byteLength, nowMs)) {
      report(peer, { rule: 'p2p/gossip-rate', weight: 0.5 });
      return 'ignore';
    }
    try {
      this.parts.introduce(peer);
      return await this.parts.judge(peer, topic, bytes);
    } catch (error) {
      this.parts.onError(error);
      return 'ignore';
    }
  }

  private rateOf(
    peer: string,
    nowMs: number,
  ): { readonly messages: TokenBucket; readonly bytes: TokenBucket } {
    const { gossipRate, gossipByteRate } = this.parts.limits;
    const rate = this.rates.get(peer) ?? {
      messages: new TokenBucket(gossipRate, nowMs),
      bytes: new TokenBucket(gossipByteRate, nowMs),
    };
    this.rates.set(peer, rate);
    return rate;
  }
}
