import { createHash, type Hash } from 'node:crypto';

/** Everything that happened, as one running hash: two runs of a seed are equal if their hashes are. */
export class EventLog {
  private readonly hash: Hash = createHash('sha256');
  private count = 0;
  readonly lines: string[] = [];

  constructor(private readonly keepsLines = false) {}

  add(atMs: number, what: string, bytes?: Uint8Array): void {
    this.count += 1;
    const line = `${atMs} ${what}`;
    this.hash.update(line);
    if (bytes !== undefined) this.hash.update(bytes);
    if (this.keepsLines) this.lines.push(line);
  }

  digest(): string {
    return `${this.count}:${this.hash.copy().digest('hex').slice(0, 32)}`;
  }
}
