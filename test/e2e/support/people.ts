import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { devnet } from '#chain';
import { CairnClient } from '#client';
import { newPhrase } from '#crypto';
import { type CliOptions, cliJson, runCli } from './cli.js';
import type { TestNetwork } from './network.js';

const FUNDS = 100n * 1_000_000_000n;

/** Somebody who uses the command line: a phrase, a folder, coins. */
export interface Person {
  readonly phrase: string;
  readonly address: string;
  readonly cli: CliOptions;
}

/** A person with a new phrase, and coins unless told otherwise. */
export async function newPerson(network: TestNetwork, coins: bigint = FUNDS): Promise<Person> {
  const dataDir = await newFolder(network, 'home-');
  const cli = { dataDir, nodeUrl: network.nodeUrl };
  const { phrase, address } = await cliJson<{ phrase: string; address: string }>(['keys', 'new'], cli);
  if (coins > 0n) await network.fund(address, coins);
  return { phrase, address, cli };
}

/** The same person at another machine: an empty folder, the phrase and the node's address, nothing else. */
export async function elsewhere(network: TestNetwork, person: Person): Promise<Person> {
  const cli = { dataDir: await newFolder(network, 'elsewhere-'), nodeUrl: network.nodeUrl };
  const { code, stderr } = await runCli(['keys', 'import'], { ...cli, input: `${person.phrase}\n` });
  if (code !== 0) throw new Error(`keys import: ${stderr}`);
  return { ...person, cli };
}

/** A client of a phrase inside this process, for what must happen between two bytes. Close it. */
export function openClient(network: TestNetwork, phrase: string): CairnClient {
  const { ledger } = network;
  return CairnClient.open({ ledger, params: devnet, phrase, workers: 1, requestTimeoutMs: 5_000 });
}

/** A client of a new phrase inside this process, with coins unless told otherwise. Close it. */
export async function newClient(network: TestNetwork, coins: bigint = FUNDS): Promise<CairnClient> {
  const client = openClient(network, newPhrase(new Uint8Array(randomBytes(16))));
  if (coins > 0n) await network.fund(client.address, coins);
  return client;
}

/** A new folder inside the network's. */
export async function newFolder(network: TestNetwork, prefix: string): Promise<string> {
  const parent = join(network.folder, 'people');
  await mkdir(parent, { recursive: true });
  return mkdtemp(join(parent, prefix));
}
