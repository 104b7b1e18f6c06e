import type { ContractId } from '#chain';
import type { VolumeView } from '#fragment-store';
import type { Announcer } from '../chain/announcer.js';
import type { ChainWatch } from '../chain/chain-watch.js';
import type { ContractFollower } from '../chain/contract-follower.js';
import type { Prover } from '../prove/prover.js';
import type { ProviderContext } from '../provider-context.js';
import { boundBytes } from '../records/contract-record.js';
import { providerAlerts } from './provider-alerts.js';
import type { ProviderStatus } from './provider-status.js';

/** The parts a status is read from. */
export interface StatusSources {
  readonly watch: ChainWatch;
  readonly announcer: Announcer;
  readonly follower: ContractFollower;
  readonly prover: Prover;
}

const LAST_PROOFS = 10;

/** Reads the provider's status from what it knows; asks the node for nothing but the balance. */
export class StatusReader {
  readonly #context: ProviderContext;
  readonly #sources: StatusSources;

  constructor(context: ProviderContext, sources: StatusSources) {
    this.#context = context;
    this.#sources = sources;
  }

  async read(): Promise<ProviderStatus> {
    const { context, sources } = { context: this.#context, sources: this.#sources };
    const status = {
      providerKey: context.providerKey,
      address: context.address,
      network: context.params.name,
      publicUrl: context.publicUrl(),
      time: new Date(context.now()).toISOString(),
      node: {
        reachable: sources.watch.tip !== undefined && sources.watch.unreachable === undefined,
        tipHeight: sources.watch.tip?.height ?? null,
        problem: sources.watch.unreachable?.message ?? null,
      },
      announced: {
        offerNumber: (await sources.watch.offerOnChain().catch(() => null))?.number ?? null,
        waitingFor: sources.announcer.waitingFor ?? null,
      },
      earning: await this.#earning(),
      proofs: await this.#proofs(),
      disk: await this.#disk(),
    };
    return { ...status, alerts: providerAlerts(status, context.params) };
  }

  async #earning(): Promise<ProviderStatus['earning']> {
    const { ledger, address, records } = this.#context;
    const views = this.#sources.follower.views();
    const account = await ledger.account({ account: address }).catch(() => undefined);
    const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n);
    const vesting = sum(views.map((view) => BigInt(view.vesting)));
    const earned = sum(views.map((view) => BigInt(view.tranche) * BigInt(view.proven)));
    return {
      earnedTotal: String(earned > vesting ? earned - vesting : 0n),
      vesting: String(vesting),
      balance: account?.balance ?? null,
      collateralLocked: String(sum(views.map((view) => BigInt(view.collateral)))),
      contractsActive: views.filter((view) => view.status === 'active').length,
      contractsReserved: records.contracts().filter((record) => record.state === 'reserved').length,
    };
  }

  async #proofs(): Promise<ProviderStatus['proofs']> {
    const { follower, prover } = this.#sources;
    const views = follower.views();
    const next = views.flatMap((view) => view.nextChallengeHeight ?? []);
    return {
      nextChallengeHeight: next.length === 0 ? null : Math.min(...next),
      openWindows: prover.duties().map(({ challenge, proof, problem }) => ({
        contract: challenge.contract,
        epoch: challenge.epoch,
        opensAt: challenge.opensAt,
        closesAt: challenge.closesAt,
        proven: challenge.proven,
        ready: proof !== undefined,
        problem: problem ?? null,
      })),
      atRisk: await this.#atRisk(),
      last: (await this.#context.records.proofs.latest(LAST_PROOFS)).map(
        ({ contract, epoch, submittedAt, state, transactionId }) => ({
          contract,
          epoch,
          submittedAt,
          state,
          transactionId,
        }),
      ),
      proven: views.reduce((total, view) => total + view.proven, 0),
      missed: views.reduce((total, view) => total + view.missed, 0),
    };
  }

  /** Only looked for where something is lost. */
  async #atRisk(): Promise<ProviderStatus['proofs']['atRisk']> {
    const { records } = this.#context;
    const lost = new Set<string>(records.corruptFragments());
    const atRisk: ProviderStatus['proofs']['atRisk'] = [];
    if (lost.size === 0) return atRisk;
    for (const view of this.#sources.follower.views()) {
      if (view.status !== 'active') continue;
      const leaves = await records.leaves(view.id as ContractId);
      const lostFragments = leaves.filter(({ id }) => lost.has(id)).length;
      const { id: contract, nextChallengeHeight } = view;
      if (lostFragments > 0)
        atRisk.push({ contract, nextChallengeHeight, lostFragments, fragments: leaves.length });
    }
    return atRisk;
  }

  async #disk(): Promise<ProviderStatus['disk']> {
    const { records, store } = this.#context;
    const volumes = this.#context.volumes.list();
    return {
      usedBytes: store.usedBytes(),
      capacityBytes: store.capacityBytes(),
      boundBytes: String(records.contracts().reduce((sum, record) => sum + boundBytes(record), 0n)),
      diskFreeBytes: await store.diskFreeBytes(),
      corruptFragments: [...records.corruptFragments()],
      problem: awayWhy(volumes) ?? null,
      volumes,
    };
  }
}

/** The first disk that is away or cannot be read. */
function awayWhy(volumes: readonly VolumeView[]): string | undefined {
  return volumes.find(({ state }) => state === 'offline' || state === 'failed')?.why ?? undefined;
}
