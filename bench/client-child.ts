import { type ChildProcess, fork } from 'node:child_process';
import { resolve } from 'node:path';
import type { StoredFile, StoreOptions } from '#client';

/** A file that was put: seconds until every receipt was signed and checked, and from there to contracts on chain. */
export interface Put extends Pick<StoredFile, 'entry' | 'contracts'> {
  readonly storedBytes: number;
  readonly seconds: number;
  readonly formSeconds: number;
  /** Until the receipts. */
  readonly cpu: CpuTime;
}

/** A file that was got whole. */
export interface Got {
  readonly sizeBytes: number;
  readonly seconds: number;
  readonly cpu: CpuTime;
}

/** Processor time of a transfer: the client's own, and that of the processes it was told to look at. */
export interface CpuTime {
  readonly clientSeconds: number;
  readonly othersSeconds: number | undefined;
}

type Options = Pick<StoreOptions, 'profile' | 'epochs'>;

/** What a client process is asked. */
export type ClientCall = { readonly id: number } & (
  | { readonly word: 'open'; readonly nodeUrl: string; readonly phrase: string }
  | {
      readonly word: 'put';
      readonly file: string;
      readonly options: Options;
      readonly others: readonly number[];
    }
  | { readonly word: 'get'; readonly entry: Put['entry']; readonly others: readonly number[] }
  | { readonly word: 'firstBytes'; readonly entry: Put['entry'] }
  | { readonly word: 'end'; readonly contracts: readonly string[] }
);

/** The call of a word. */
export type CallOf<W extends ClientCall['word']> = Extract<ClientCall, { readonly word: W }>;

export interface ClientAnswer {
  readonly id: number;
  /** Not the answer yet, but from here on contracts are formed: that takes blocks. */
  readonly needsBlocks?: boolean;
  readonly peakRssMiB: number;
  readonly value?: Put | Got | readonly number[] | string | undefined;
  readonly error?: string;
}

/** The chain's blocks, which do not come while a transfer is timed. */
export interface Blocks {
  pause(): void;
  resume(): void;
}

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;

/** A client process, and the most memory it ever held. */
export class ClientChild {
  private calls = 0;
  private peak = 0;

  private constructor(
    private readonly child: ChildProcess,
    readonly address: string,
    private readonly blocks: Blocks,
  ) {}

  /** Starts a client over a node for a phrase. */
  static async start(nodeUrl: string, phrase: string, blocks: Blocks): Promise<ClientChild> {
    const child = fork(resolve('dist', 'bench', 'client-process.js'), { serialization: 'advanced' });
    const address = await ask(child, { id: 0, word: 'open', nodeUrl, phrase }, blocks);
    return new ClientChild(child, address.value as string, blocks);
  }

  get peakRssMiB(): number {
    return this.peak;
  }

  /** `others`: processes whose processor time is of interest. */
  put(file: string, options: Options, others: readonly number[] = []): Promise<Put> {
    return this.withoutBlocks({ word: 'put', file, options, others }) as Promise<Put>;
  }

  get(entry: Put['entry'], others: readonly number[] = []): Promise<Got> {
    return this.withoutBlocks({ word: 'get', entry, others }) as Promise<Got>;
  }

  /** Milliseconds until the first bytes came, for a few reads of which no more was awaited. */
  firstBytes(entry: Put['entry']): Promise<readonly number[]> {
    return this.withoutBlocks({ word: 'firstBytes', entry }) as Promise<readonly number[]>;
  }

  async end(contracts: readonly string[]): Promise<void> {
    await this.ask({ word: 'end', contracts });
  }

  async stop(): Promise<void> {
    const { child } = this;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((done) => child.once('exit', done));
    if (child.connected) child.disconnect();
    await gone;
  }

  /** From the call to its answer, or until it says that it needs blocks. */
  private async withoutBlocks(call: WithoutId<ClientCall>): Promise<unknown> {
    this.blocks.pause();
    try {
      return await this.ask(call);
    } finally {
      this.blocks.resume();
    }
  }

  private async ask(call: WithoutId<ClientCall>): Promise<unknown> {
    this.calls += 1;
    const answer = await ask(this.child, { ...call, id: this.calls }, this.blocks);
    this.peak = answer.peakRssMiB;
    return answer.value;
  }
}

function ask(child: ChildProcess, call: ClientCall, blocks: Blocks): Promise<ClientAnswer> {
  return new Promise((done, fail) => {
    const gone = (code: number | null): void => fail(new Error(`the client process ended with ${code}`));
    const take = (answer: ClientAnswer): void => {
      if (answer.id !== call.id) return;
      if (answer.needsBlocks === true) {
        blocks.resume();
        return;
      }
      child.off('message', take);
      child.off('exit', gone);
      if (answer.error === undefined) done(answer);
      else fail(new Error(answer.error));
    };
    child.on('message', take);
    child.once('exit', gone);
    child.send(call);
  });
}
