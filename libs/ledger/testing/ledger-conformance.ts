import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  accountPot,
  type BlockId,
  decodeBlock,
  decodeCoinbase,
  decodeHeader,
  decodeTransaction,
  hashToBlockId,
  headerHash,
  validateStateProof,
} from '#chain';
import { explainProof, type ProveBody, stateObjectPlace } from '#contracts';
import { bytesToHex, hexToBytes } from '#crypto';
import {
  accountView,
  anchorView,
  auditView,
  blockView,
  burnPriceView,
  challengeView,
  contractView,
  endpointView,
  epochProofView,
  fragmentEntryView,
  headersView,
  holderView,
  type LedgerEventView,
  ledgerEventView,
  MAX_HEADERS,
  objectEventView,
  offerView,
  type Page,
  postingView,
  providerRecordView,
  searchHitView,
  stateProofView,
  statusView,
  supplyView,
  templateView,
  transactionView,
} from '#wire';
import type { ContractScenario } from '../../../contracts/testing/contract-scenario.js';
import type { EmbeddedLedger } from '../embedded-ledger.js';
import type { LedgerPort, PageRequest, StateProofRequest } from '../port.js';
import { stageMarket } from './market-scene.js';
import { signFor, solveTemplate, TestLedger } from './test-ledger.js';

/** An adapter under test, connected to a real ledger. */
export interface ConnectedPort {
  readonly port: LedgerPort;
  close(): Promise<void>;
}

const UNKNOWN = 'ab'.repeat(32);

/** What every adapter of the `LedgerPort` must do; `connect` puts the adapter in front of a ledger. */
export function describeLedgerPort(
  name: string,
  connect: (ledger: EmbeddedLedger) => Promise<ConnectedPort>,
): void {
  describe(`LedgerPort: ${name}`, () => {
    let test: TestLedger;
    let scene: ContractScenario;
    let connected: ConnectedPort;
    let port: LedgerPort;

    beforeAll(async () => {
      test = await TestLedger.open();
      scene = await stageMarket(test);
      connected = await connect(test.ledger);
      port = connected.port;
    });
    afterAll(async () => {
      await connected?.close();
      await test?.close();
    });

    const client = () => scene.terms.client.account;
    const provider = () => scene.terms.provider.account;

    it('says what it is and how far', async () => {
      const status = statusView.parse(await port.status());
      expect(status).toEqual(await test.ledger.status());
      expect(status.tip.height).toBe(test.height);
      expect(status.mempool.count).toBe(1);
    });

    it('finds a block by id and by height', async () => {
      const byHeight = blockView.parse(await port.block({ ref: '3' }));
      expect(byHeight.height).toBe(3);
      expect(await port.block({ ref: byHeight.id })).toEqual(byHeight);
      const raw = await port.rawBlock({ ref: '3' });
      const decoded = decodeBlock(test.law, hexToBytes(raw?.hex ?? ''));
      expect(decoded.ok && decoded.value.id).toBe(byHeight.id);
    });

    it('gives headers from a height on, as far as there are any', async () => {
      const from3 = headersView.parse(await port.headers({ fromHeight: 3, count: 2 }));
      const raws = await Promise.all(['3', '4'].map((ref) => port.rawBlock({ ref })));
      expect(from3).toEqual({
        fromHeight: 3,
        count: 2,
        hex: raws.map((raw) => raw?.hex.slice(0, 160)).join(''),
      });
      expect((await port.headers({ fromHeight: test.height, count: MAX_HEADERS })).count).toBe(1);
      expect(await port.headers({ fromHeight: test.height + 1, count: 5 })).toMatchObject({
        count: 0,
        hex: '',
      });
    });

    it('proves objects and their absence against the coinbase of a block', async () => {
      const absent = 'cd'.repeat(32);
      const wanted: readonly [StateProofRequest, boolean][] = [
        [{ kind: 'account', id: client() }, true],
        [{ kind: 'account', id: client(), confirmations: 2 }, true],
        [{ kind: 'lane', id: client(), lane: 0 }, true],
        [{ kind: 'lane', id: client(), lane: 9 }, false],
        [{ kind: 'contract', id: scene.id }, true],
        [{ kind: 'contract', id: absent }, false],
        [{ kind: 'offer', id: provider() }, true],
        [{ kind: 'endpoint', id: client() }, false],
        [{ kind: 'anchor', id: provider(), slot: 'catalogue' }, false],
      ];
      for (const [request, isPresent] of wanted) {
        const answer = stateProofView.parse(await port.stateProof(request));
        expect([request, answer.valueHex !== null]).toEqual([request, isPresent]);
        expect(answer.height).toBe(test.height - (request.confirmations ?? 1) + 1);
        const header = decodeHeader(hexToBytes(answer.headerHex));
        const coinbaseBytes = hexToBytes(answer.coinbaseHex);
        const coinbase = decodeCoinbase(coinbaseBytes);
        const place = stateObjectPlace(request);
        if (!header.ok || !coinbase.ok || !place.ok) throw new Error('does not decode');
        expect(hashToBlockId(headerHash(test.law.crypto, header.value))).toBe(answer.blockId);
        expect(header.value.merkleRoot).toEqual(test.law.crypto.sha256d(coinbaseBytes));
        const claim = {
          networkId: test.law.params.networkId,
          root: coinbase.value.stateRoot,
          ...place.value,
          value: answer.valueHex === null ? undefined : hexToBytes(answer.valueHex),
        };
        const proof = hexToBytes(answer.proofHex);
        expect(validateStateProof(test.law.crypto, claim, proof)).toBeUndefined();
      }
    });

    it('says which proofs it cannot give', async () => {
      await expect(port.stateProof({ kind: 'contract', id: 'ab' })).rejects.toMatchObject({
        code: 'ledger/refused',
        data: { violation: { rule: 'state-object/id' } },
      });
      const anchor = { kind: 'anchor', id: client(), slot: 'none' } as const;
      await expect(port.stateProof(anchor)).rejects.toMatchObject({
        data: { violation: { rule: 'state-object/slot' } },
      });
      await expect(port.stateProof({ kind: 'account', id: 'nobody' })).rejects.toMatchObject({
        code: 'ledger/bad-address',
      });
    });

    it('answers null for what does not exist', async () => {
      expect(await port.block({ ref: '999999' })).toBeNull();
      expect(await port.block({ ref: UNKNOWN })).toBeNull();
      expect(await port.rawBlock({ ref: UNKNOWN })).toBeNull();
      expect(await port.transaction({ id: UNKNOWN })).toBeNull();
      expect(await port.contract({ id: UNKNOWN })).toBeNull();
      expect(await port.offer({ provider: client() })).toBeNull();
      expect(await port.endpoint({ principal: client() })).toBeNull();
      expect(await port.anchor({ account: provider(), slot: 'catalogue' })).toBeNull();
      expect(await port.search({ text: UNKNOWN })).toEqual([]);
      expect(await port.holders({ fragment: UNKNOWN })).toEqual([]);
    });

    it('pages through all blocks, newest first, each once', async () => {
      const blocks = await readAll((page) => port.blocks(page), 7);
      const heights = blocks.map(({ height }) => height);
      expect(heights).toEqual(Array.from({ length: test.height + 1 }, (_, index) => test.height - index));
    });

    it('refuses a cursor that is none', async () => {
      await expect(port.blocks({ cursor: 'x' })).rejects.toMatchObject({ code: 'ledger/bad-cursor' });
    });

    it('shows transactions in blocks and on their own', async () => {
      const { items } = await port.blockTransactions({ ref: String(scene.contract.registeredAt) });
      expect(items.map(({ kind }) => kind)).toEqual(['form']);
      const [form] = items;
      expect(transactionView.parse(await port.transaction({ id: form?.id ?? '' }))).toEqual(form);
    });

    it('shows what waits, counts it in the next sequence and in the pending balance', async () => {
      const { items } = await port.mempool({});
      expect(items.map((item) => transactionView.parse(item).status)).toEqual(['pending']);
      expect(await port.transaction({ id: items[0]?.id ?? '' })).toEqual(items[0]);
      const { sequence } = await port.nextSequence({ account: client(), lane: 0 });
      expect(BigInt(sequence)).toBe(BigInt(items[0]?.sequence ?? '') + 1n);
      expect(await port.nextSequence({ account: client(), lane: 9 })).toEqual({ sequence: '0' });
      const account = accountView.parse(await port.account({ account: client() }));
      expect(BigInt(account.balance) - BigInt(account.pendingBalance)).toBe(5n + BigInt(items[0]?.fee ?? ''));
    });

    it('knows accounts by address and by id, and refuses what is neither', async () => {
      const byId = await port.account({ account: client() });
      expect(byId.escrow).toBe(scene.pots.escrow.toString());
      expect(await port.account({ account: byId.address })).toEqual(byId);
      const holder = await port.account({ account: provider() });
      expect(holder.collateral).toBe(scene.pots.collateral.toString());
      expect(holder.vesting).toBe(scene.pots.vesting.toString());
      await expect(port.account({ account: 'nobody' })).rejects.toMatchObject({ code: 'ledger/bad-address' });
    });

    it('lists postings whose sum is the balance', async () => {
      const postings = await readAll((page) => port.accountPostings({ account: provider(), ...page }), 2);
      const pot = accountPot(provider());
      const sum = postings.reduce((total, posting) => {
        const { to, amount } = postingView.parse(posting);
        return to === pot ? total + BigInt(amount) : total - BigInt(amount);
      }, 0n);
      expect(sum.toString()).toBe((await port.account({ account: provider() })).balance);
      const keys = postings.map(({ height, position }) => height * 1e6 + position);
      expect(keys).toEqual([...keys].sort((a, b) => b - a));
    });

    it('shows offers, endpoints and anchors', async () => {
      const { items: offers } = await port.offers({});
      expect(offers.map((offer) => offerView.parse(offer).provider)).toEqual([provider()]);
      expect(await port.offer({ provider: provider() })).toEqual(offers[0]);
      const { items: endpoints } = await port.endpoints({});
      expect(endpoints.map((endpoint) => endpointView.parse(endpoint).principal)).toEqual([provider()]);
      expect(await port.endpoint({ principal: provider() })).toEqual(endpoints[0]);
      const { items: records } = await port.providerRecords({});
      expect(records.map((record) => providerRecordView.parse(record))).toEqual([
        expect.objectContaining({ provider: provider(), active: 1, failed: 0, proven: 1, missed: 0 }),
      ]);
      const { totalBytes } = contractView.parse(await port.contract({ id: scene.id }));
      expect(records[0]?.storedBytes).toBe(totalBytes);
      const anchor = anchorView.parse(await port.anchor({ account: client(), slot: 'catalogue' }));
      expect(anchor).toMatchObject({ sequence: '1', pointer: '010203' });
    });

    it('shows a contract with its fragments, its timeline and its money', async () => {
      const contract = contractView.parse(await port.contract({ id: scene.id }));
      expect(contract).toMatchObject({ status: 'active', proven: 1, window: { epoch: 1, proven: false } });
      for (const filter of [{ client: client() }, { provider: provider() }, { status: 'active' }, {}]) {
        expect((await port.contracts(filter)).items).toEqual([contract]);
      }
      expect((await port.contracts({ status: 'failed' })).items).toEqual([]);
      const fragments = await readAll((page) => port.contractFragments({ id: scene.id, ...page }), 2);
      expect(fragments.map((entry) => fragmentEntryView.parse(entry))).toEqual(
        scene.terms.leaves.map(({ id, lengthBytes }) => ({
          id,
          lengthBytes,
          addedAt: contract.registeredAt,
          droppedAt: null,
        })),
      );
      const timeline = await port.contractTimeline({ id: scene.id });
      expect(timeline.map((event) => objectEventView.parse(event).name)).toEqual([
        'contract/formed',
        'contract/challenged',
        'contract/proved',
        'contract/challenged',
      ]);
      const postings = await readAll((page) => port.contractPostings({ id: scene.id, ...page }), 3);
      const held = postings.reduce((total, { from, to, amount }) => {
        if (to === `escrow:${scene.id}`) return total + BigInt(amount);
        return from === `escrow:${scene.id}` ? total - BigInt(amount) : total;
      }, 0n);
      expect(held.toString()).toBe(contract.escrow);
    });

    it('shows how an epoch went, so that a reader can check its proof again', async () => {
      const proven = epochProofView.parse(await port.epochProof({ id: scene.id, epoch: 0 }));
      expect(proven).toMatchObject({ outcome: 'proven', explanation: { violation: null } });
      const { challenge, transaction } = proven;
      if (challenge === null || transaction === null) throw new Error('a proven epoch shows both');
      expect(transaction).toMatchObject({ kind: 'prove', status: 'confirmed' });
      const known = decodeTransaction(test.law, hexToBytes(transaction.hex));
      if (!known.ok) throw new Error(known.violation.rule);
      // What a reader needs who asks this node for the transaction and for nothing else.
      const snapshot = {
        contract: scene.id,
        epoch: 0,
        blockId: challenge.blockId as BlockId,
        root: hexToBytes(challenge.root),
        leafCount: challenge.leafCount,
        totalChunks: BigInt(challenge.totalChunks),
      };
      const { crypto, params } = test.law;
      const { proof } = known.value.transaction.body as ProveBody;
      expect(explainProof(crypto, params, snapshot, proof).violation).toBeUndefined();
      const other = { ...snapshot, epoch: 1 };
      expect(explainProof(crypto, params, other, proof).violation).toBeDefined();
      expect(await port.epochProof({ id: scene.id, epoch: 1 })).toMatchObject({
        outcome: 'open',
        challenge: { root: challenge.root },
        transaction: null,
        explanation: null,
      });
      expect(await port.epochProof({ id: scene.id, epoch: 2 })).toBeNull();
      expect(await port.epochProof({ id: UNKNOWN, epoch: 0 })).toBeNull();
    });

    it('says what storing burns', async () => {
      const price = burnPriceView.parse(await port.burnPrice());
      const { burnPerGiBEpoch, burnPriceMovesAt } = await port.status();
      expect([price.perGiBEpoch, price.movesAt]).toEqual([burnPerGiBEpoch, burnPriceMovesAt]);
      expect(price.movesAt).toBeGreaterThan(test.height);
      expect(price.movesAt - price.periodStart + 1).toBe(test.law.params.mint.burnPeriodBlocks);
      expect(await port.burnPriceMoves({})).toEqual({ items: [], nextCursor: null });
    });

    it('names open challenges and who holds a fragment', async () => {
      const challenges = await port.challenges({ provider: provider() });
      expect(challenges.map((challenge) => challengeView.parse(challenge).epoch)).toEqual([1]);
      expect(await port.challenges({ provider: client() })).toEqual([]);
      const fragment = scene.terms.leaves[0]?.id ?? '';
      const holders = await port.holders({ fragment });
      expect(holders.map((holder) => holderView.parse(holder))).toMatchObject([
        { contract: scene.id, provider: provider(), addresses: ['http://127.0.0.1:7110'] },
      ]);
    });

    it('keeps journals of postings and events, filtered', async () => {
      const tranches = await port.postings({ reason: 'tranche' });
      expect(tranches.items.map((posting) => postingView.parse(posting).subject)).toEqual([scene.id]);
      const events = await port.events({ name: 'contract/proved' });
      expect(events.items.map((event) => objectEventView.parse(event).subject)).toEqual([scene.id]);
      expect((await port.events({ name: 'contract/proved', sinceHeight: test.height })).items).toEqual([]);
      const all = await readAll((page) => port.postings(page), 200);
      expect(all.filter(({ reason }) => reason === 'subsidy')).toHaveLength(test.height);
    });

    it('counts the supply, and its audit agrees', async () => {
      const supply = supplyView.parse(await port.supply());
      const audit = auditView.parse(await port.audit());
      expect(audit).toMatchObject({ balanced: true, differences: [], height: test.height });
      expect([audit.minted, audit.burned, audit.actualTotal]).toEqual([
        supply.minted,
        supply.burned,
        supply.total,
      ]);
      expect(BigInt(supply.genesis) + BigInt(supply.minted) - BigInt(supply.burned)).toBe(
        BigInt(supply.total),
      );
    });

    it('finds anything by its id', async () => {
      const tip = (await port.status()).tip;
      const pending = (await port.mempool({})).items[0]?.id ?? '';
      const { address } = await port.account({ account: provider() });
      const cases: [string, string][] = [
        ['2', 'block'],
        [tip.id, 'block'],
        [pending, 'transaction'],
        [scene.id, 'contract'],
        [scene.terms.leaves[0]?.id ?? '', 'fragment'],
        [client(), 'account'],
        [address, 'provider'],
      ];
      for (const [text, type] of cases) {
        const hits = (await port.search({ text })).map((hit) => searchHitView.parse(hit).type);
        expect([text, hits]).toEqual([text, expect.arrayContaining([type])]);
      }
    });

    it('refuses a transaction by the rule it breaks', async () => {
      const { client: wallet } = scene.terms;
      const body = { to: provider(), amount: 1n, memo: new Uint8Array() };
      const hex = await signFor(test.law, port, wallet, { kind: 'transfer', body });
      const forged = hex.slice(0, -2) + (hex.endsWith('00') ? '01' : '00');
      const refusal = (rule: string) => ({ code: 'ledger/refused', data: { violation: { rule } } });
      await expect(port.submitTransaction({ hex: forged })).rejects.toMatchObject(refusal('tx/signature'));
      await expect(port.submitTransaction({ hex: `${hex}00` })).rejects.toMatchObject({
        code: 'ledger/refused',
      });
      const rich = { to: provider(), amount: 10n ** 18n, memo: new Uint8Array() };
      const tooMuch = await signFor(test.law, port, wallet, { kind: 'transfer', body: rich });
      await expect(port.submitTransaction({ hex: tooMuch })).rejects.toMatchObject({
        code: 'ledger/refused',
        data: { violation: { rule: 'coins/too-little', needed: (10n ** 18n).toString() } },
      });
      const gap = await signFor(test.law, port, wallet, { kind: 'transfer', body }, { sequence: 99n });
      await expect(port.submitTransaction({ hex: gap })).rejects.toMatchObject(refusal('tx/sequence-gap'));
    });

    it('streams blocks and transactions, and goes on after the last event seen', async () => {
      const controller = new AbortController();
      const stream = port.follow({}, controller.signal)[Symbol.asyncIterator]();
      const first = stream.next();
      await mineUntil(test, first);
      const begun = ledgerEventView.parse((await first).value);
      expect(begun).toMatchObject({ type: 'block' });
      const blockId = await mineThroughPort(test, port);
      const next = await nextOf(stream, (event) => event.type === 'block' && event.blockId === blockId);
      controller.abort();
      await stream.return?.();

      const again = new AbortController();
      const resumed = port.follow({ lastEventId: begun.id }, again.signal)[Symbol.asyncIterator]();
      const seen: string[] = [];
      for (;;) {
        const event = ledgerEventView.parse((await resumed.next()).value);
        if (event.type === 'block') seen.push(event.blockId);
        if (event.id === next.id) break;
      }
      const { items } = await port.blocks({ limit: seen.length });
      expect(seen).toEqual(items.map(({ id }) => id).reverse());
      const sent = await test.transfer(scene.terms.client, scene.terms.provider, 7n);
      const told = await nextOf(resumed, (event) => event.type === 'transaction');
      expect(told).toMatchObject({ transactionId: sent, kind: 'transfer' });
      again.abort();
      await resumed.return?.();
    });

    it('gives blocks to work on, takes solutions, and refuses stale and unknown ones', async () => {
      const miner = test.miner.account;
      const template = templateView.parse(await port.template({ miner }));
      expect(template.height).toBe(test.height + 1);
      test.clock.seconds += 1;
      const solution = solveTemplate(template);
      expect(await port.submitSolution(solution)).toMatchObject({ height: template.height });
      const refusal = (rule: string) => ({ code: 'ledger/refused', data: { violation: { rule } } });
      await expect(port.submitSolution(solution)).rejects.toMatchObject(refusal('mining/stale-template'));
      await expect(port.submitSolution({ ...solution, templateId: 'none' })).rejects.toMatchObject(
        refusal('mining/unknown-template'),
      );
      const raw = await port.rawBlock({ ref: String(template.height) });
      expect(await port.submitBlock({ hex: raw?.hex ?? '' })).toMatchObject({ height: template.height });
      const bytes = hexToBytes(raw?.hex ?? '');
      bytes[0] = (bytes[0] ?? 0) ^ 1;
      await expect(port.submitBlock({ hex: bytesToHex(bytes) })).rejects.toMatchObject(
        refusal('header/version'),
      );
    });
  });
}

/** Reads a list to its end, a few items at a time. */
async function readAll<T>(read: (page: PageRequest) => Promise<Page<T>>, limit: number): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await read({ cursor, limit });
    expect(page.items.length).toBeLessThanOrEqual(limit);
    items.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return items;
}

/** A stream begins some time after it was asked for: mines until its first event arrives. */
async function mineUntil(test: TestLedger, first: Promise<unknown>): Promise<void> {
  let arrived = false;
  void first.finally(() => {
    arrived = true;
  });
  for (let tries = 0; !arrived && tries < 200; tries++) {
    await test.mine();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function mineThroughPort(test: TestLedger, port: LedgerPort): Promise<string> {
  test.clock.seconds += 1;
  return (await port.submitSolution(solveTemplate(await port.template({ miner: test.miner.account })))).id;
}

async function nextOf(
  stream: AsyncIterator<LedgerEventView>,
  isWanted: (event: LedgerEventView) => boolean,
): Promise<LedgerEventView> {
  for (;;) {
    const next = await stream.next();
    if (next.done) throw new Error('the stream ended before the event came');
    const event = ledgerEventView.parse(next.value);
    if (isWanted(event)) return event;
  }
}
