import { connect, type Socket } from 'node:net';

/** An answer of a Stratum server. */
export interface StratumReply {
  readonly id: number | string | null;
  readonly result: unknown;
  readonly error: readonly [number, string, unknown] | null;
}

/** A message of the server that nobody asked for. */
export interface StratumPush {
  readonly method: string;
  readonly params: readonly unknown[];
}

/** A plain TCP client of newline JSON: it sends what it is told, whole or broken. */
export class LineClient {
  readonly pushed: StratumPush[] = [];
  readonly replies: StratumReply[] = [];
  closed = false;
  onPush: (push: StratumPush) => void = () => undefined;
  private readonly socket: Socket;
  private readonly waiting = new Map<number, (reply: StratumReply) => void>();
  private text = '';
  private nextId = 100;

  /** `localAddress`: whom the server takes us for; all of 127.0.0.0/8 is ours on Linux. */
  constructor(port: number, localAddress = '127.0.0.1') {
    this.socket = connect({ port, host: '127.0.0.1', localAddress });
    this.socket.setEncoding('utf8');
    this.socket.on('data', (chunk: string) => this.received(chunk));
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => {
      this.closed = true;
      for (const answer of this.waiting.values()) {
        answer({ id: null, result: null, error: [0, 'the connection is closed', null] });
      }
    });
  }

  sendRaw(text: string | Uint8Array): void {
    this.socket.write(text);
  }

  /** Asks and waits for the answer with the same id. */
  ask(method: string, params: readonly unknown[], id: number = this.nextId++): Promise<StratumReply> {
    return new Promise((resolve) => {
      if (this.closed) resolve({ id, result: null, error: [0, 'the connection is closed', null] });
      this.waiting.set(id, resolve);
      this.sendRaw(`${JSON.stringify({ id, method, params })}\n`);
    });
  }

  /** The last pushed message of a method. */
  last(method: string): StratumPush | undefined {
    return this.pushed.findLast((push) => push.method === method);
  }

  close(): void {
    this.socket.destroy();
  }

  private received(chunk: string): void {
    this.text += chunk;
    for (let end = this.text.indexOf('\n'); end >= 0; end = this.text.indexOf('\n')) {
      const line = JSON.parse(this.text.slice(0, end)) as StratumReply & Partial<StratumPush>;
      this.text = this.text.slice(end + 1);
      if (line.method !== undefined) {
        const push = { method: line.method, params: line.params ?? [] };
        this.pushed.push(push);
        this.onPush(push);
        continue;
      }
      this.replies.push(line);
      const answer = this.waiting.get(line.id as number);
      this.waiting.delete(line.id as number);
      answer?.(line);
    }
  }
}
