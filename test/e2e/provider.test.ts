import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { accountIdToAddress, devnet, type Law } from '#chain';
import { challengeSlot, createNetworkLaw } from '#contracts';
import { hexToBytes } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import { type Child, spawnChild } from '#lifecycle';
import { createNodeClient, type NodeClient } from '#node-api';
import { changeVolume, fetchProviderStatus, fetchVolumes } from '#provider';
import { createWallet, faucetWallet } from '../../chain/testing/wallet.js';
import { signFor } from '../../libs/ledger/testing/index.js';
import { ProviderClient, sampleFragments, until } from '../../libs/provider/testing/index.js';
import { askAsHost } from './support/ask-as-host.js';
import { cliJson } from './support/cli.js';

const COIN = 1_000_000_000n;
const READY_MS = 30_000;
const entry = (app: string) => fileURLToPath(new URL(`../../apps/${app}/main.js`, import.meta.url));

const wallet = createWallet(nativeCrypto, devnet, 'client of the provider test');
const faucet = faucetWallet(nativeCrypto, devnet);

let root: string;
let law: Law;
let nodeChild: Child;
let minerChild: Child;
let providerChild: Child;
let nodeUrl: string;
let node: NodeClient;
let address: string;
let url: string;

const startNode = async (port = '0'): Promise<void> => {
  const env = { CAIRN_DATA_DIR: join(root, 'node'), CAIRN_NODE_PORT: port, CAIRN_P2P_PORT: '0' };
  nodeChild = spawnChild({ name: 'chain-node', file: entry('chain-node'), env });
  nodeUrl = (await nodeChild.ready(READY_MS))['node'] as string;
};
const startProvider = async (): Promise<void> => {
  const env = {
    CAIRN_DATA_DIR: join(root, 'provider'),
    CAIRN_NODE_URL: nodeUrl,
    CAIRN_PROVIDER_PORT: '0',
    CAIRN_PASSPHRASE: '',
  };
  providerChild = spawnChild({ name: 'provider', file: entry('provider'), env });
  const ready = await providerChild.ready(READY_MS);
  address = ready['address'] as string;
  url = ready['url'] as string;
};

/** A client of a contract whose first challenge comes soon after it is formed. */
async function clientOfEarlyContract(): Promise<ProviderClient> {
  const info = (await (await fetch(`${url}/v1/info`)).json()) as { providerKey: string };
  for (;;) {
    const client = new ProviderClient(url, devnet, wallet, hexToBytes(info.providerKey));
    if (challengeSlot({ params: devnet, crypto: nativeCrypto }, client.contract) < 3) return client;
    client.close();
  }
}

/** The same client after the provider came back at another address. */
const movedTo = (client: ProviderClient, newUrl: string): ProviderClient =>
  Object.assign(new ProviderClient(newUrl, devnet, wallet, client.providerKey), {
    nonce: client.nonce,
    holder: client.holder,
    ticketKeys: client.ticketKeys,
  });

async function agree(client: ProviderClient, fragments: ReturnType<typeof sampleFragments>) {
  const offer = await until('the offer', async () => (await node.offer({ provider: address })) ?? undefined);
  const { tip } = await node.status();
  const { account } = await node.account({ account: address });
  const agreement = client.agreement(offer, fragments, { formBy: tip.height + 60, payout: account });
  const answer = await client.propose(agreement, fragments);
  return { agreement, answer };
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cairn-provider-e2e-'));
  law = createNetworkLaw(devnet, nativeCrypto);
  await startNode();
  node = createNodeClient({ baseUrl: nodeUrl });
  minerChild = spawnChild({
    name: 'miner',
    file: entry('miner'),
    env: {
      CAIRN_DATA_DIR: join(root, 'miner'),
      CAIRN_NODE_URL: nodeUrl,
      CAIRN_MINER_ADDRESS: accountIdToAddress(devnet, wallet.account),
    },
  });
  await startProvider();
  const { account } = await node.account({ account: address });
  for (const to of [account, wallet.account]) {
    const body = { to, amount: 100n * COIN, memo: new Uint8Array() };
    await node.submitTransaction({ hex: await signFor(law, node, faucet, { kind: 'transfer', body }) });
  }
  await until(
    'the provider to be announced',
    async () => (await node.offer({ provider: address })) !== null,
    30_000,
  );
}, 90_000);

afterAll(async () => {
  await Promise.all([providerChild, minerChild, nodeChild].map((child) => child?.stop()));
  await node?.close();
  await rm(root, { recursive: true, force: true });
}, 60_000);

describe('a provider as a process of its own', () => {
  let client: ProviderClient;
  const fragments = sampleFragments(1 << 20, 1 << 20, 70_000);

  test('forms a contract, proves its first epoch and is paid', async () => {
    client = await clientOfEarlyContract();
    expect((await client.reserve({ epochs: 3 })).status).toBe(200);
    for (const fragment of fragments) expect((await client.put(fragment)).status).toBe(201);
    const { agreement, answer } = await agree(client, fragments);
    expect(answer.status).toBe(200);
    const body = client.formBody(agreement, fragments, answer);
    await node.submitTransaction({ hex: await signFor(law, node, wallet, { kind: 'form', body }) });
    const proven = await until(
      'the first epoch to be proven',
      async () => {
        const view = await node.contract({ id: client.contract });
        return view !== null && view.proven > 0 ? view : undefined;
      },
      60_000,
    );
    expect(proven.missed).toBe(0);
    const postings = (await node.contractPostings({ id: client.contract })).items;
    const paid = postings.filter(({ reason }) => reason === 'tranche');
    expect(paid.map(({ to }) => to)).toEqual([`account:${proven.provider}`]);
    const status = await until('the proof to be in the books', async () => {
      const read = await fetchProviderStatus(url);
      return read.proofs.last.some(({ state }) => state === 'included') ? read : undefined;
    });
    expect(status).toMatchObject({ node: { reachable: true }, earning: { contractsActive: 1 } });
  }, 120_000);

  test('killed in the middle of uploads, it honours every receipt it gave and keeps no half fragment', async () => {
    const uploader = await clientOfEarlyContract();
    const many = sampleFragments(...Array.from({ length: 60 }, () => 300_000));
    expect((await uploader.reserve({ maxBytes: 60n * 300_000n, maxFragments: 60 })).status).toBe(200);
    const receipted: typeof many = [];
    const lanes = Array.from({ length: 6 }, async (_, lane) => {
      for (let at = lane; at < many.length; at += 6) {
        const fragment = many[at] as (typeof many)[number];
        const status = await uploader.put(fragment).then(
          (answer) => answer.status,
          () => 0,
        );
        if (status === 201) receipted.push(fragment);
        if (receipted.length === 15) void providerChild.kill();
      }
    });
    await Promise.all(lanes);
    await providerChild.kill();
    uploader.close();
    expect(receipted.length).toBeGreaterThanOrEqual(15);
    expect(receipted.length).toBeLessThan(60);

    await startProvider();
    client.close();
    client = movedTo(client, url);
    const again = movedTo(uploader, url);
    expect(await readdir(join(root, 'provider', 'fragments', 'incoming'))).toEqual([]);
    for (const { id, bytes } of receipted) expect((await again.get(id)).body.equals(bytes)).toBe(true);
    expect((await agree(again, receipted)).answer.status).toBe(200);
    again.close();
    for (const { id, bytes } of fragments) expect((await client.get(id)).body.equals(bytes)).toBe(true);
  }, 60_000);

  test('serves while the node is down, and proves again when it is back', async () => {
    const before = await node.contract({ id: client.contract });
    await nodeChild.kill();
    for (const { id, bytes } of fragments) expect((await client.get(id)).body.equals(bytes)).toBe(true);
    expect((await client.audit([0n])).status).toBe(200);
    const status = await until('the provider to notice', async () => {
      const read = await fetchProviderStatus(url);
      return read.node.reachable ? undefined : read;
    });
    expect(status.alerts.map(({ code }) => code)).toContain('node/unreachable');
    await startNode(new URL(nodeUrl).port);
    await until(
      'the next epoch to be proven',
      async () => ((await node.contract({ id: client.contract }))?.proven ?? 0) > (before?.proven ?? 0),
      90_000,
    );
    expect(await node.contract({ id: client.contract })).toMatchObject({ missed: 0 });
    expect(await node.audit()).toMatchObject({ balanced: true, differences: [] });
    client.close();
  }, 150_000);

  test('a volume added and emptied from the command line: killed in the middle, it goes on, and everything is served', async () => {
    // Reserved only: a contract of the devnet is over before a slow machine is done with this.
    let uploader = await clientOfEarlyContract();
    const kept = sampleFragments(...Array.from({ length: 20 }, (_, at) => 200_000 + at));
    expect((await uploader.reserve({ maxBytes: 20n * 200_020n, maxFragments: 20 })).status).toBe(200);
    for (const fragment of kept) expect((await uploader.put(fragment)).status).toBe(201);
    const disk = join(root, 'disk');
    await mkdir(disk);
    const cairn = <T>(...words: string[]) =>
      cliJson<T>(['provider', 'volume', ...words], {
        dataDir: root,
        env: { CAIRN_PROVIDER_PORT: new URL(url).port, CAIRN_PASSPHRASE: '' },
      });
    type View = { id: string; path: string; fragments: number; state: string };
    const added = await cairn<View>('add', disk, '--capacity', '1GiB');
    expect(added).toMatchObject({ path: disk, state: 'active', fragments: 0 });
    const [first] = await fetchVolumes(url);
    expect(first?.fragments).toBeGreaterThanOrEqual(20);
    await changeVolume(url, first?.path ?? '', { verb: 'drain' });
    await until('a part to have moved', () =>
      kept.some(({ id }) => existsSync(join(disk, id.slice(0, 2), id))),
    );
    await providerChild.kill();
    const pathsOf = (id: string) => [first?.path ?? '', disk].map((path) => join(path, id.slice(0, 2), id));
    for (const { id } of kept) expect(pathsOf(id).some((path) => existsSync(path))).toBe(true);
    await startProvider();
    uploader.close();
    uploader = movedTo(uploader, url);
    const drained = await cairn<View>('drain', first?.id.slice(0, 8) ?? '', '--wait');
    expect(drained).toMatchObject({ state: 'draining', fragments: 0 });
    for (const { id, bytes } of kept) {
      expect(pathsOf(id).map((path) => existsSync(path))).toEqual([false, true]);
      expect((await uploader.get(id)).body.equals(bytes)).toBe(true);
    }
    uploader.close();
    await changeVolume(url, first?.id ?? '', { verb: 'remove', acceptLoss: false });
    const { volumes } = await cairn<{ volumes: View[] }>('list');
    expect(volumes).toMatchObject([{ path: disk, state: 'active', rotten: 0, lost: 0 }]);
  }, 120_000);

  test('answers under its public name and those it is given, and under no other', async () => {
    const env = {
      CAIRN_DATA_DIR: join(root, 'named'),
      CAIRN_NODE_URL: nodeUrl,
      CAIRN_PROVIDER_PORT: '0',
      CAIRN_PASSPHRASE: '',
      CAIRN_PUBLIC_URL: 'https://store.example:8443',
      CAIRN_ALLOWED_HOSTS: 'proxy.example',
    };
    const named = spawnChild({ name: 'named', file: entry('provider'), env });
    try {
      const info = `${(await named.ready(READY_MS))['url']}/v1/info`;
      for (const host of ['store.example:8443', 'proxy.example', '127.0.0.1'])
        expect(await askAsHost(info, host)).toMatchObject({ status: 200 });
      expect(await askAsHost(info, 'evil.example')).toEqual({ status: 421, code: 'http/host-not-allowed' });
    } finally {
      await named.kill();
    }
  });

  test('a second process on its folder, and one on its port, end with what to do', async () => {
    const rivals = [
      { dataDir: join(root, 'provider'), port: '0', says: 'in use by process' },
      { dataDir: join(root, 'rival'), port: new URL(url).port, says: 'already taken' },
    ];
    for (const { dataDir, port, says } of rivals) {
      const env = { CAIRN_DATA_DIR: dataDir, CAIRN_NODE_URL: nodeUrl, CAIRN_PROVIDER_PORT: port };
      const rival = spawnChild({ name: 'rival', file: entry('provider'), env });
      await expect(rival.ready(READY_MS)).rejects.toMatchObject({ code: 'process/ended-early' });
      expect(rival.lastLines().join('\n')).toContain(says);
    }
    expect((await fetch(`${url}/v1/info`)).status).toBe(200);
  }, 60_000);
});
