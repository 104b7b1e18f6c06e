import { randomFillSync } from 'node:crypto';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { randomBelow } from '../../../chain/testing/seeded-random.js';
import { type CliResult, startCli } from '../support/cli.js';
import { hashOfFile } from '../support/files.js';
import { elsewhere, type Person } from '../support/people.js';
import type { FaultWorld } from './fault-world.js';
import { type CampaignReport, Tally } from './report.js';
import { intactOf, surveyOf } from './survey.js';

export interface ClientAtWorkOptions {
  readonly world: FaultWorld;
  readonly person: Person;
  readonly folder: string;
  readonly random: () => number;
  readonly profile: string;
  readonly onEvent: (text: string) => void;
  readonly faults: Tally;
}

/** A run is repeated until it works, as a person would: so often… */
const MAX_TRIES = 25;
/** …each for at most so long. */
const RUN_MS = 120_000;
const KIB = 1024;
/** More data than this is not stored at a time. */
const MAX_STORED_BYTES = 96 * 2 ** 20;
/** What a run may end with when others are at fault. */
const NO_FAULT_OF_OURS = new Set([1, 65, 69, 75]);

/** A client that stores, reads, repairs and removes with the command line, and is killed in between. */
export class ClientAtWork {
  private readonly hashes = new Map<string, { readonly hash: string; readonly sizeBytes: number }>();
  private readonly actions = new Tally();
  private readonly refusals = new Tally();
  private readonly wrongs: string[] = [];
  private busy: string | undefined;
  private count = 0;
  private bytesStored = 0;
  private bytesRead = 0;
  private filesStored = 0;

  constructor(private readonly options: ClientAtWorkOptions) {}

  /** Works until it is over: one hand writes, the other reads. */
  async run(isOver: () => boolean): Promise<void> {
    const isDone = () => isOver() || this.wrongs.length > 0;
    await Promise.all([this.write(isDone), this.read(isDone)]);
  }

  /** Restores everything at another machine, with the phrase alone; bytes that did not come back. */
  async readAll(): Promise<number> {
    const { world, folder } = this.options;
    const reader = await elsewhere(world.network, this.options.person);
    const back = join(folder, 'restored');
    this.actions.add('restore');
    await this.untilDone(['restore', back], false, undefined, reader);
    let lost = 0;
    for (const [name, { hash, sizeBytes }] of this.hashes) {
      const found = await hashOfFile(join(back, name)).catch(() => undefined);
      this.bytesRead += sizeBytes;
      if (found === hash) continue;
      lost += sizeBytes;
      this.wrong(
        `${name} (${sizeBytes} bytes) ${found === undefined ? 'does not come back' : 'came back as something else'}`,
      );
    }
    await rm(back, { recursive: true, force: true });
    return lost;
  }

  async repair(name: string): Promise<void> {
    this.actions.add('repair');
    await this.once(['repair', name]);
  }

  async removeAll(): Promise<void> {
    const names = [...this.hashes.keys()];
    this.actions.add('rm');
    this.hashes.clear();
    if (!(await this.untilDone(['rm', ...names, '--yes'], false)))
      this.wrong('not everything could be removed');
    // What runs that were killed had formed and nothing points at.
    this.actions.add('end-unused');
    await this.untilDone(['contracts', 'end', '--unused', '--yes'], false);
  }

  wrong(text: string): void {
    this.options.onEvent(`WRONG: ${text}`);
    this.wrongs.push(text);
  }

  figures(): Pick<
    CampaignReport,
    'actions' | 'refusals' | 'filesStored' | 'bytesStored' | 'bytesRead' | 'wrongs'
  > {
    const { filesStored, bytesStored, bytesRead, wrongs } = this;
    return {
      actions: this.actions.toRecord(),
      refusals: this.refusals.toRecord(),
      filesStored,
      bytesStored,
      bytesRead,
      wrongs,
    };
  }

  private async write(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const choice = this.below(100);
      const stored = [...this.hashes.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      if (this.hashes.size > 3 && (choice < 10 || stored > MAX_STORED_BYTES))
        await this.remove(this.anyName());
      else if (this.hashes.size > 3 && choice < 20) await this.store(this.anyName());
      else if (choice < 35) await this.storeFolder();
      else if (this.hashes.size > 2 && choice < 55) await this.damage();
      else if (this.hashes.size > 2 && choice < 65) await this.repair(this.anyName());
      else await this.store(`file-${this.nextNumber()}`);
    }
  }

  private async read(isOver: () => boolean): Promise<void> {
    const reader = await elsewhere(this.options.world.network, this.options.person);
    while (!isOver()) {
      const names = [...this.hashes.keys()].filter((name) => name !== this.busy);
      const name = names[this.below(names.length)];
      if (name === undefined) {
        await delay(200);
        continue;
      }
      const expected = this.hashes.get(name);
      const isRead = await this.readOne(reader, name);
      // Written or removed meanwhile: it says nothing.
      if (!isRead && this.hashes.get(name) === expected && this.busy !== name)
        this.wrong(`${name} cannot be read`);
    }
  }

  private async store(name: string): Promise<void> {
    const kind = this.below(10);
    const sizeBytes =
      kind === 0 ? this.below(1000) : kind < 6 ? 10 * KIB + this.below(400 * KIB) : this.below(8 * KIB * KIB);
    const path = await this.source(name, sizeBytes);
    this.busy = name;
    try {
      this.actions.add('put');
      const isStored = await this.untilDone(['put', path, '--name', name, ...this.terms()], true);
      if (isStored) await this.noteStored(name, path);
      else this.wrong(`${name} could not be stored`);
    } finally {
      this.busy = undefined;
      await rm(path);
    }
  }

  /** Many small files at once. */
  private async storeFolder(): Promise<void> {
    const folder = `folder-${this.nextNumber()}`;
    const names = Array.from({ length: 5 + this.below(20) }, (_, at) => `${folder}/${at}`);
    for (const name of names) await this.source(name, this.below(20 * KIB));
    this.actions.add('put-folder');
    const path = join(this.options.folder, 'sources', folder);
    const isStored = await this.untilDone(['put', path, ...this.terms()], true);
    if (!isStored) this.wrong(`${folder} could not be stored`);
    else for (const name of names) await this.noteStored(name, join(this.options.folder, 'sources', name));
    await rm(path, { recursive: true });
  }

  private async remove(name: string): Promise<void> {
    this.busy = name;
    try {
      this.actions.add('rm');
      const known = this.hashes.get(name);
      this.hashes.delete(name);
      // A run that was killed may have done it all the same.
      const isGone = await this.untilDone(
        ['rm', name, '--yes'],
        true,
        /no file|nothing is stored|no-such-file/i,
      );
      if (!isGone && known !== undefined) this.wrong(`${name} could not be removed`);
    } finally {
      this.busy = undefined;
    }
  }

  /** Loses fragments for good, as far as everything stored survives it and one loss more. */
  private async damage(): Promise<void> {
    const { world, person, faults, profile } = this.options;
    const survey = await surveyOf(world, person.cli).catch(() => undefined);
    if (survey === undefined) return;
    const provider = this.below(world.network.providers.length);
    if (world.faults.has(provider)) return;
    const k = Number(profile.split('/')[0]);
    const weakest = Math.min(...[...survey.values()].map((holders) => intactOf(holders, provider)));
    if (weakest < k + 2) return;
    const isWipe = this.below(4) === 0;
    if (isWipe) {
      faults.add('disk-replaced');
      this.options.onEvent(`the disk of provider ${provider} is replaced`);
      await world.wipe(provider);
    } else {
      const damaged = await world.corrupt(provider, 1 + this.below(4));
      if (damaged === 0) return;
      faults.add('fragments-corrupted');
      this.options.onEvent(`${damaged} fragments of provider ${provider} rot`);
    }
  }

  private async readOne(reader: Person, name: string): Promise<boolean> {
    const path = join(this.options.folder, 'back');
    const expected = this.hashes.get(name);
    this.actions.add('get');
    const isRead = await this.untilDone(['get', name, '-o', path, '--force'], false, undefined, reader);
    if (!isRead || expected === undefined) return expected === undefined;
    const actual = await hashOfFile(path);
    if (actual !== expected.hash && this.hashes.get(name) === expected && this.busy !== name) {
      this.wrong(`${name} came back as something else`);
    }
    this.bytesRead += (await stat(path)).size;
    await rm(path, { force: true });
    return true;
  }

  /** Repeats a run until it works; now and then the run is killed in the middle. */
  private async untilDone(
    args: readonly string[],
    mayBeKilled: boolean,
    alsoDone?: RegExp,
    person = this.options.person,
  ): Promise<boolean> {
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      const isKilled = mayBeKilled && attempt < 2 && this.below(10) < 3;
      const { code, stderr } = await this.once(args, isKilled ? 300 + this.below(6_000) : undefined, person);
      if (code === 0) return true;
      if (attempt > 0 && alsoDone?.test(stderr) === true) return true;
      if (code !== null) await delay(500);
    }
    return false;
  }

  private async once(
    args: readonly string[],
    killAfterMs?: number,
    person = this.options.person,
  ): Promise<CliResult> {
    const { child, result } = startCli(args, {
      ...person.cli,
      env: { ...person.cli.env, CAIRN_REQUEST_TIMEOUT: '3s' },
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), killAfterMs ?? RUN_MS);
    const ended = await result.finally(() => clearTimeout(timer));
    const { code, signal, stderr } = ended;
    const what = `cairn ${args.slice(0, 2).join(' ')}`;
    if (signal === 'SIGKILL' && killAfterMs !== undefined) {
      this.options.faults.add('client-killed');
      this.options.onEvent(`${what} is killed`);
    } else if (signal !== null) this.wrong(`${what} did not end within ${RUN_MS} ms`);
    else if (code !== 0) {
      const error = /\[([a-z-]+\/[a-z-]+)\]/.exec(stderr)?.[1] ?? stderr.trim().split('\n').at(-1) ?? '';
      this.refusals.add(`${args[0]} ${code} ${error.slice(0, 160)}`);
      this.options.onEvent(`${what} ends with ${code}: ${stderr.trim().slice(-600)}`);
      if (!NO_FAULT_OF_OURS.has(code ?? -1)) this.wrong(`${what} ended with ${code}: ${stderr.slice(-600)}`);
    }
    return ended;
  }

  private async noteStored(name: string, path: string): Promise<void> {
    const { size: sizeBytes } = await stat(path);
    this.hashes.set(name, { hash: await hashOfFile(path), sizeBytes });
    this.filesStored += 1;
    this.bytesStored += sizeBytes;
  }

  private async source(name: string, sizeBytes: number): Promise<string> {
    const path = join(this.options.folder, 'sources', name);
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, randomFillSync(new Uint8Array(sizeBytes)));
    return path;
  }

  private terms(): string[] {
    return ['--profile', this.options.profile, '--epochs', '120', '--yes'];
  }

  private anyName(): string {
    const names = [...this.hashes.keys()];
    return names[this.below(names.length)] as string;
  }

  private nextNumber(): number {
    this.count += 1;
    return this.count;
  }

  private below(limit: number): number {
    return randomBelow(this.options.random, limit);
  }
}
