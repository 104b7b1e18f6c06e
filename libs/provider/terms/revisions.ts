import { type ContractId, decode, type FragmentId, isHexId } from '#chain';
import { type FragmentEntry, frontierOf, revisionSchema, revisionSigningMessage } from '#contracts';
import { bytesToHex, hexToBytes } from '#crypto';
import { accepted, type Result, refused } from '#errors';
import {
  type RevisionAnswer,
  type RevisionRequest,
  type RoomAnswer,
  type RoomRequest,
  roomMessage,
  roomSchema,
} from '#wire';
import type { Uploads } from '../fragments/uploads.js';
import { nowSeconds, type ProviderContext } from '../provider-context.js';
import type { ContractRecord, SignedRevision } from '../records/contract-record.js';
import { freeRoom } from './free-room.js';
import { findLeaves } from './leaf-lists.js';
import type { Negotiations } from './negotiations.js';
import type { AskedRevision, RevisionJudge } from './revision-judge.js';

/** Revisions of a contract that are signed and may still be published. */
const MAX_SIGNED = 4;

/** Countersigns changes of contracts on chain: fragments appended, the term extended, coins added. */
export class Revisions {
  readonly #context: ProviderContext;
  readonly #judge: RevisionJudge;
  readonly #negotiations: Negotiations;
  readonly #uploads: Uploads;

  constructor(context: ProviderContext, judge: RevisionJudge, negotiations: Negotiations, uploads: Uploads) {
    this.#context = context;
    this.#judge = judge;
    this.#negotiations = negotiations;
    this.#uploads = uploads;
  }

  /** Keeps room for fragments to append; the same request again gets the same answer, a later one replaces it. */
  async keepRoom(contract: string, request: RoomRequest): Promise<Result<RoomAnswer>> {
    const { crypto, limits, params, records } = this.#context;
    const decoded = decode(roomSchema, hexToBytes(request.room));
    if (!decoded.ok) return refused({ rule: 'revision/malformed', why: decoded.violation.rule });
    const room = decoded.value;
    const found = this.#formed(contract);
    if (!found.ok) return found;
    const record = found.value;
    const isSigned = crypto.verify({
      publicKey: hexToBytes(record.clientKey),
      message: roomMessage(crypto, params, room),
      signature: hexToBytes(request.signature),
    });
    if (!isSigned || room.contract !== record.id) {
      return refused({ rule: 'revision/signature', contract: record.id, client: record.clientKey });
    }
    const now = nowSeconds(this.#context);
    const latest = now + limits.maxReservationSeconds;
    if (room.expiresAt <= BigInt(now) || room.expiresAt > BigInt(latest)) {
      return refused({ rule: 'reservation/expiry', expiresAt: room.expiresAt, now, latest });
    }
    const { maxLeaves } = params.contract;
    if (room.maxFragments === 0 || room.maxFragments > maxLeaves) {
      const allowed = `1 to ${maxLeaves}`;
      return refused({ rule: 'reservation/fragments', maxFragments: room.maxFragments, allowed });
    }
    if (room.maxBytes === 0n) return refused({ rule: 'reservation/empty' });
    const { room: _, ...bare } = record;
    const others = records.contracts().map((each) => (each.id === record.id ? bare : each));
    const freeBytes = freeRoom(this.#context, others);
    if (room.maxBytes > freeBytes) {
      return refused({ rule: 'reservation/no-room', maxBytes: room.maxBytes, freeBytes });
    }
    const { maxBytes, maxFragments } = room;
    const expiresAt = Number(room.expiresAt);
    await records.save({ ...bare, room: { maxBytes, maxFragments, expiresAt } });
    this.#uploads.forget(record.id);
    return accepted({ expiresAt });
  }

  /** The provider's signature under a revision; the same revision again gets the same one. */
  sign(contract: string, request: RevisionRequest): Promise<Result<RevisionAnswer>> {
    return this.#negotiations.inTurn(() => this.#sign(contract, request));
  }

  async #sign(contract: string, request: RevisionRequest): Promise<Result<RevisionAnswer>> {
    const { crypto, params, ledger } = this.#context;
    const decoded = decode(revisionSchema, hexToBytes(request.revision));
    if (!decoded.ok) return refused({ rule: 'revision/malformed', why: decoded.violation.rule });
    const revision = decoded.value;
    const found = this.#formed(contract);
    if (!found.ok) return found;
    const record = found.value;
    const isSigned = crypto.verify({
      publicKey: hexToBytes(record.clientKey),
      message: revisionSigningMessage(crypto, params, revision),
      signature: hexToBytes(request.signature),
    });
    if (!isSigned || revision.contract !== record.id) {
      return refused({ rule: 'revision/signature', contract: record.id, client: record.clientKey });
    }
    const { revisions = [] } = record;
    const before = revisions.find(({ bytes }) => bytes === request.revision);
    if (before !== undefined) return accepted({ providerSignature: before.providerSignature });
    const view = await ledger.contract({ id: record.id });
    if (view === null) return refused({ rule: 'contract/unknown', contract: record.id });
    const last = revisions.at(-1)?.number ?? view.revision;
    if (revision.number <= last || revision.number <= view.revision) {
      return refused({ rule: 'revision/number', contract: record.id, number: revision.number, last });
    }
    if (revisions.length >= MAX_SIGNED) {
      return refused({
        rule: 'revision/too-many',
        contract: record.id,
        signed: revisions.length,
        max: MAX_SIGNED,
      });
    }
    const appended = request.appended.map(({ id, lengthBytes }) => ({ id: id as FragmentId, lengthBytes }));
    const leaves = await findLeaves(this.#context, record.id, view.root);
    if (leaves === undefined)
      return refused({ rule: 'revision/not-now', contract: record.id, root: view.root });
    const list = await this.#judge.judge(record, view, { revision, appended, leaves });
    return list.ok ? this.#promise(record, request, { revision, appended, leaves }, list.value) : list;
  }

  /** Remembered before the signature leaves: what was signed must be kept. */
  async #promise(
    record: ContractRecord,
    request: RevisionRequest,
    asked: AskedRevision,
    list: readonly FragmentEntry[],
  ): Promise<Result<RevisionAnswer>> {
    const { crypto, keys, params, ledger, records } = this.#context;
    const { revision, appended, leaves } = asked;
    const root = bytesToHex(revision.root);
    const message = revisionSigningMessage(crypto, params, revision);
    const providerSignature = bytesToHex(crypto.sign(keys.secretKey, message));
    const signedAt = (await ledger.status()).tip.height;
    // Nothing between list and record: a list that no record names is taken for an old one.
    await records.lists.save(record.id, root, list);
    const signed: SignedRevision = {
      number: revision.number,
      bytes: request.revision,
      root,
      addCollateral: revision.addCollateral,
      totalBytes: revision.totalBytes,
      appended,
      frontier: appended.length === 0 ? [] : frontierOf(crypto, leaves).map(bytesToHex),
      clientSignature: request.signature,
      providerSignature,
      signedAt,
    };
    const current = records.contract(record.id);
    if (current === undefined) return refused({ rule: 'contract/unknown', contract: record.id });
    await records.save({ ...current, revisions: [...(current.revisions ?? []), signed] });
    this.#uploads.forget(record.id);
    return accepted({ providerSignature });
  }

  #formed(contract: string): Result<ContractRecord> {
    const record = isHexId(contract, 32) ? this.#context.records.contract(contract as ContractId) : undefined;
    if (record === undefined) {
      return refused({ rule: 'contract/unknown', contract: contract.slice(0, 64) });
    }
    return record.state === 'formed'
      ? accepted(record)
      : refused({ rule: 'revision/not-active', contract: record.id, state: record.state });
  }
}
