import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { GossipTopic, GossipVerdict, PeerRef, SyncTransport, TransportHandler } from '../ports.js';

/** Three nodes in a row, a - b - c: a chose b, b chose c; a and c know of each other only through b. */
export interface TransportRow {
  readonly nodes: readonly [TransportNode, TransportNode, TransportNode];
  /** Waits until something holds, in the time of this transport. Rejects after a while. */
  until(what: string, condition: () => boolean): Promise<void>;
  /** Lets everything happen that is going to happen soon. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

export interface TransportNode {
  readonly ref: PeerRef;
  readonly transport: SyncTransport;
}

export interface ConformanceOptions {
  readonly name: string;
  /** Nodes with these handlers attached, in the order of the row; connections come up afterwards. */
  readonly create: (handlers: readonly TransportHandler[]) => Promise<TransportRow>;
}

/** What a node was told, and what it answers. */
class Recorder implements TransportHandler {
  readonly connections = new Map<PeerRef, boolean>();
  readonly left: PeerRef[] = [];
  readonly heard: { readonly topic: GossipTopic; readonly text: string; readonly from: PeerRef }[] = [];
  answer: (bytes: Uint8Array) => Promise<Uint8Array> = (bytes) => Promise.resolve(bytes.slice().reverse());
  readonly bytes: Uint8Array[] = [];
  verdict: GossipVerdict = 'accept';

  connected(peer: PeerRef, isOutbound: boolean): void {
    this.connections.set(peer, isOutbound);
  }
  disconnected(peer: PeerRef): void {
    this.connections.delete(peer);
    this.left.push(peer);
  }
  request(_peer: PeerRef, bytes: Uint8Array): Promise<Uint8Array> {
    return this.answer(bytes);
  }
  published(from: PeerRef, topic: GossipTopic, bytes: Uint8Array): Promise<GossipVerdict> {
    this.bytes.push(bytes);
    this.heard.push({ topic, text: new TextDecoder().decode(bytes), from });
    return Promise.resolve(this.verdict);
  }
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const QUICK = { timeoutMs: 5_000, maxAnswerBytes: 1_000_000 };

/** What the engine relies on, whatever carries its messages. */
export function describeSyncTransport({ name, create }: ConformanceOptions): void {
  describe(`${name} is a SyncTransport`, () => {
    let handlers: [Recorder, Recorder, Recorder];
    let row: TransportRow;
    let a: TransportNode;
    let b: TransportNode;
    let c: TransportNode;

    beforeEach(async () => {
      handlers = [new Recorder(), new Recorder(), new Recorder()];
      row = await create(handlers);
      [a, b, c] = row.nodes;
      await row.until('the row is connected', () => handlers[1].connections.size === 2);
      await row.until(
        'its ends know it',
        () => handlers[0].connections.size + handlers[2].connections.size === 2,
      );
    });
    afterEach(() => row.close());

    test('both ends are told, and the one that chose knows that it did', () => {
      expect(handlers[0].connections).toEqual(new Map([[b.ref, true]]));
      expect(handlers[1].connections).toEqual(
        new Map([
          [a.ref, false],
          [c.ref, true],
        ]),
      );
      expect(handlers[2].connections).toEqual(new Map([[b.ref, false]]));
    });

    test('a request is answered by whom it was put to, in both directions, with nothing too', async () => {
      expect(await a.transport.request(b.ref, text('abc'), QUICK)).toEqual(text('cba'));
      expect(await b.transport.request(a.ref, text('xyz'), QUICK)).toEqual(text('zyx'));
      expect(await c.transport.request(b.ref, new Uint8Array(), QUICK)).toHaveLength(0);
    });

    test('bytes are plain: a slice of them is a copy, as the law expects', async () => {
      const seen: Uint8Array[] = [];
      handlers[1].answer = (bytes) => {
        seen.push(bytes);
        return Promise.resolve(Uint8Array.from(bytes));
      };
      seen.push(await a.transport.request(b.ref, text('abc'), QUICK));
      await tellUntil('b hears', () => handlers[1].heard.length > 0);
      for (const bytes of [...seen, ...handlers[1].bytes])
        expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
    });

    test('every answer goes to its own question, also when later ones are ready first', async () => {
      let asked = 0;
      const held: (() => void)[] = [];
      handlers[1].answer = async (bytes) => {
        asked += 1;
        if (asked < 8) await new Promise<void>((go) => held.push(go));
        return bytes;
      };
      const questions = Array.from({ length: 8 }, (_, at) =>
        a.transport.request(b.ref, text(`question ${at}`), QUICK),
      );
      await row.until('all are asked', () => asked === 8);
      for (const go of held.reverse()) go();
      const answers = (await Promise.all(questions)).map((bytes) => new TextDecoder().decode(bytes));
      expect(answers).toEqual(Array.from({ length: 8 }, (_, at) => `question ${at}`));
    });

    test('an answer may be as long as allowed and no longer', async () => {
      handlers[1].answer = (bytes) =>
        Promise.resolve(new Uint8Array(Number(new TextDecoder().decode(bytes))).fill(7));
      const whole = await a.transport.request(b.ref, text('1000000'), QUICK);
      expect(whole).toHaveLength(1_000_000);
      expect(whole.every((byte) => byte === 7)).toBe(true);
      await expect(a.transport.request(b.ref, text('1000001'), QUICK)).rejects.toMatchObject({
        code: 'sync/answer-too-large',
      });
    });

    test('silence is a time-out, and no other request pays for it', async () => {
      handlers[1].answer = (bytes) =>
        bytes[0] === 0 ? new Promise<Uint8Array>(() => undefined) : Promise.resolve(bytes);
      const silent = a.transport.request(b.ref, Uint8Array.of(0), { timeoutMs: 300, maxAnswerBytes: 10 });
      const caught = expect(silent).rejects.toMatchObject({ code: 'sync/timeout' });
      expect(await a.transport.request(b.ref, Uint8Array.of(1), QUICK)).toEqual(Uint8Array.of(1));
      await row.settle();
      await caught;
    });

    test('a question that is given up ends at once', async () => {
      handlers[1].answer = () => new Promise<Uint8Array>(() => undefined);
      const stop = new AbortController();
      const asked = a.transport.request(b.ref, text('?'), { ...QUICK, signal: stop.signal });
      const caught = expect(asked).rejects.toMatchObject({ code: 'sync/aborted' });
      stop.abort();
      await caught;
    });

    test('who is not there, or leaves, is gone', async () => {
      await expect(a.transport.request(c.ref, text('?'), QUICK)).rejects.toMatchObject({
        code: 'sync/peer-gone',
      });
      let asked = false;
      handlers[1].answer = () => {
        asked = true;
        return new Promise<Uint8Array>(() => undefined);
      };
      const pending = a.transport.request(b.ref, text('?'), QUICK);
      const caught = expect(pending).rejects.toMatchObject({ code: 'sync/peer-gone' });
      await row.until('it was asked', () => asked);
      b.transport.disconnect(a.ref, 'the test says so');
      await row.settle();
      await caught;
    });

    test('disconnecting is told on both sides', async () => {
      a.transport.disconnect(b.ref, 'the test says so');
      await row.until('a knows', () => handlers[0].left.includes(b.ref));
      await row.until('b knows', () => handlers[1].left.includes(a.ref));
    });

    // a message told in the first moment of a connection may be lost: the engine asks for headers now and then anyway
    const tellUntil = async (what: string, isHeard: () => boolean): Promise<number> => {
      let told = 0;
      await row.until(what, () => {
        a.transport.publish('blocks', text(`block ${told}`));
        a.transport.publish('transactions', text(`ids ${told}`));
        told += 1;
        return isHeard();
      });
      await row.settle();
      return told;
    };

    test('what is accepted travels on, once, and not back', async () => {
      await tellUntil('c hears', () => handlers[2].heard.length > 0);
      for (const [at, from] of [
        [1, a.ref],
        [2, b.ref],
      ] as const) {
        const { heard } = handlers[at];
        expect(new Set(heard.map((one) => one.text)).size).toBe(heard.length);
        for (const one of heard) expect(one.from).toBe(from);
        for (const one of heard) expect(one.text.startsWith('block ')).toBe(one.topic === 'blocks');
      }
      expect(handlers[0].heard).toEqual([]);
    });

    test.each(['ignore', 'reject'] as const)('what a node answers with %s stays with it', async (verdict) => {
      await tellUntil('c hears', () => handlers[2].heard.length > 0);
      handlers[1].verdict = verdict;
      const [heardByB, heardByC] = [handlers[1].heard.length, handlers[2].heard.length];
      a.transport.publish('blocks', text('the last one'));
      await row.until('b hears it', () => handlers[1].heard.length > heardByB);
      await row.settle();
      expect(handlers[2].heard).toHaveLength(heardByC);
    });

    test('offences add up to a ban: disconnected, and not let in again', async () => {
      b.transport.report(a.ref, { rule: 'test/first', weight: 60 });
      await row.settle();
      expect(handlers[1].connections.has(a.ref)).toBe(true);
      b.transport.report(a.ref, { rule: 'test/second', weight: 40 });
      await row.until('b has put it out', () => !handlers[1].connections.has(a.ref));
      await row.until('a knows', () => handlers[0].left.includes(b.ref));
      await row.settle();
      expect(handlers[1].connections.has(a.ref)).toBe(false);
      expect(handlers[1].connections.has(c.ref)).toBe(true);
    });
  });
}
