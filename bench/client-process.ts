import { setTimeout as delay } from 'node:timers/promises';
import { devnet } from '#chain';
import { CairnClient } from '#client';
import { releaseMemory } from '#erasure';
import { createNodeClient, type NodeClient } from '#node-api';
import type { CallOf, ClientAnswer, ClientCall, CpuTime, Got, Put } from './client-child.js';
import { cpuSecondsOf } from './cpu-time.js';

/**
 * A client in a process of its own, so that its memory and its processor time are its own: answers what its parent
 * asks (client-child.ts).
 */
let ledger: NodeClient | undefined;
let client: CairnClient | undefined;

const FIRST_BYTE_ROUNDS = 5;
/** Until what was under way for a read that was broken off is over. */
const SETTLE_MS = 300;

async function answer(call: ClientCall): Promise<ClientAnswer['value']> {
  switch (call.word) {
    case 'open':
      ledger = createNodeClient({ baseUrl: call.nodeUrl });
      client = CairnClient.open({ ledger, params: devnet, phrase: call.phrase });
      return client.address;
    case 'put':
      return put(opened(), call);
    case 'get':
      return get(opened(), call);
    case 'firstBytes':
      return firstBytes(opened(), call);
    case 'end':
      await opened().endContracts(call.contracts);
      return undefined;
  }
}

function opened(): CairnClient {
  if (client === undefined) throw new Error('the client is not open');
  return client;
}

/** The clock stops for the receipts, which hold the bytes, and again for the contracts, which take blocks. */
async function put(open: CairnClient, { id, file, options, others }: CallOf<'put'>): Promise<Put> {
  const startedMs = performance.now();
  const cpu = startCpuTime(others);
  let receiptsMs = Number.NaN;
  let used: CpuTime | undefined;
  const { entry, contracts, quote } = await open.storeFile(file, 'file', {
    ...options,
    onProgress: ({ stage }) => {
      if (stage !== 'agreeing' || !Number.isNaN(receiptsMs)) return;
      receiptsMs = performance.now();
      used = cpu();
      needBlocks(id);
    },
  });
  return {
    entry,
    contracts,
    storedBytes: Number(quote.storedBytes),
    seconds: (receiptsMs - startedMs) / 1000,
    formSeconds: (performance.now() - receiptsMs) / 1000,
    cpu: used ?? cpu(),
  };
}

async function get(open: CairnClient, { entry, others }: CallOf<'get'>): Promise<Got> {
  const startedMs = performance.now();
  const cpu = startCpuTime(others);
  let sizeBytes = 0;
  for await (const part of open.read(entry)) {
    sizeBytes += part.length;
    releaseMemory(part);
  }
  const seconds = (performance.now() - startedMs) / 1000;
  return { sizeBytes, seconds, cpu: cpu() };
}

async function firstBytes(open: CairnClient, { entry }: CallOf<'firstBytes'>): Promise<number[]> {
  const firstByteMs: number[] = [];
  for (let round = 0; round < FIRST_BYTE_ROUNDS; round++) {
    const askedMs = performance.now();
    const bytes = open.read(entry);
    const first = await bytes.next();
    firstByteMs.push(performance.now() - askedMs);
    if (first.done !== true) releaseMemory(first.value);
    await bytes.return(undefined);
    await delay(SETTLE_MS);
  }
  return firstByteMs;
}

/** What this process and others use from now on. */
function startCpuTime(others: readonly number[]): () => CpuTime {
  const own = process.cpuUsage();
  const before = cpuSecondsOf(others);
  return () => {
    const { user, system } = process.cpuUsage(own);
    const after = cpuSecondsOf(others);
    return {
      clientSeconds: (user + system) / 1e6,
      othersSeconds: before === undefined || after === undefined ? undefined : after - before,
    };
  };
}

function needBlocks(id: number): void {
  process.send?.({ id, needsBlocks: true, peakRssMiB: 0 } satisfies ClientAnswer);
}

process.on('message', async (call: ClientCall) => {
  const peakRssMiB = (): number => process.resourceUsage().maxRSS / 1024;
  const reply = (rest: Pick<ClientAnswer, 'value' | 'error'>): void => {
    const { id } = call;
    process.send?.({ id, peakRssMiB: peakRssMiB(), ...rest } satisfies ClientAnswer);
  };
  try {
    reply({ value: await answer(call) });
  } catch (error) {
    reply({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
});

process.once('disconnect', async () => {
  await client?.close();
  await ledger?.close();
});
