import type { Libp2pOptions } from 'libp2p';

type Datastore = NonNullable<Libp2pOptions['datastore']>;
type Key = Parameters<Datastore['put']>[0];
type Pair = { key: Key; value: Uint8Array };
type Query = Parameters<Datastore['query']>[0];
type KeyQuery = Parameters<Datastore['queryKeys']>[0];

/** Under this prefix Kademlia keeps records that others want stored here. */
const STRANGERS_PREFIX = '/dht';

/**
 * What libp2p keeps of peers, in memory and bounded; the oldest go first. Records that others want stored here by
 * Kademlia are dropped: we use it to find nodes and for nothing else, and a store of strangers' values is a hole.
 */
export class BoundedDatastore implements Datastore {
  private readonly pairs = new Map<string, Pair>();

  constructor(private readonly maxEntries: number) {}

  put(key: Key, value: Uint8Array): Key {
    const name = key.toString();
    if (name.startsWith(STRANGERS_PREFIX)) return key;
    this.pairs.delete(name);
    this.pairs.set(name, { key, value });
    if (this.pairs.size > this.maxEntries) this.pairs.delete(this.pairs.keys().next().value!);
    return key;
  }

  get(key: Key): Uint8Array {
    const pair = this.pairs.get(key.toString());
    if (pair !== undefined) return pair.value;
    throw Object.assign(new Error(`no ${key.toString()}`), { name: 'NotFoundError' });
  }

  has(key: Key): boolean {
    return this.pairs.has(key.toString());
  }

  delete(key: Key): void {
    this.pairs.delete(key.toString());
  }

  async *putMany(source: Iterable<Pair> | AsyncIterable<Pair>): AsyncGenerator<Key> {
    for await (const { key, value } of source) yield this.put(key, value);
  }

  async *getMany(source: Iterable<Key> | AsyncIterable<Key>): AsyncGenerator<Pair> {
    for await (const key of source) yield { key, value: this.get(key) };
  }

  async *deleteMany(source: Iterable<Key> | AsyncIterable<Key>): AsyncGenerator<Key> {
    for await (const key of source) {
      this.delete(key);
      yield key;
    }
  }

  batch(): ReturnType<Datastore['batch']> {
    const steps: (() => void)[] = [];
    return {
      put: (key, value) => void steps.push(() => this.put(key, value)),
      delete: (key) => void steps.push(() => this.delete(key)),
      commit: () => {
        for (const step of steps.splice(0)) step();
      },
    };
  }

  *query({ prefix = '', filters = [], orders = [], offset = 0, limit }: Query): Generator<Pair> {
    let found = [...this.pairs.values()].filter(
      (pair) => pair.key.toString().startsWith(prefix) && filters.every((filter) => filter(pair)),
    );
    for (const order of orders) found = found.toSorted(order);
    yield* found.slice(offset, limit === undefined ? undefined : offset + limit);
  }

  *queryKeys({ prefix = '', filters = [], orders = [], offset = 0, limit }: KeyQuery): Generator<Key> {
    let found = [...this.pairs.values()]
      .map(({ key }) => key)
      .filter((key) => key.toString().startsWith(prefix) && filters.every((filter) => filter(key)));
    for (const order of orders) found = found.toSorted(order);
    yield* found.slice(offset, limit === undefined ? undefined : offset + limit);
  }
}
