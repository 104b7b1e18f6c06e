import { Announcer } from './chain/announcer.js';
import { ChainWatch } from './chain/chain-watch.js';
import { ContractFollower } from './chain/contract-follower.js';
import { OperatorActions } from './chain/operator-actions.js';
import { RevisionPublisher } from './chain/revision-publisher.js';
import { Downloads } from './fragments/downloads.js';
import { OrphanSweep } from './fragments/orphan-sweep.js';
import { Scrubber } from './fragments/scrubber.js';
import { Uploads } from './fragments/uploads.js';
import { VolumeRemoval } from './fragments/volume-removal.js';
import { Audits } from './prove/audits.js';
import { ProofBuilder } from './prove/proof-builder.js';
import type { ProofDuty } from './prove/proof-duty.js';
import { Prover } from './prove/prover.js';
import { Slicer } from './prove/slicer.js';
import {
  closeProviderContext,
  nowSeconds,
  openProviderContext,
  type ProviderContext,
} from './provider-context.js';
import type { ProviderOptions } from './provider-options.js';
import { ReadMeter } from './reads/read-meter.js';
import { Redeemer } from './reads/redeemer.js';
import { StatusReader } from './status/status-reader.js';
import { Negotiations } from './terms/negotiations.js';
import { Reservations } from './terms/reservations.js';
import { RevisionJudge } from './terms/revision-judge.js';
import { Revisions } from './terms/revisions.js';
import { TicketGate } from './tickets/ticket-gate.js';

const HOUSEKEEPING_MS = 5_000;

/** A provider: what its HTTP API calls, and what it does by itself. */
export interface Provider {
  readonly context: ProviderContext;
  readonly watch: ChainWatch;
  readonly reservations: Reservations;
  readonly uploads: Uploads;
  readonly downloads: Downloads;
  readonly negotiations: Negotiations;
  readonly revisions: Revisions;
  readonly audits: Audits;
  readonly operator: OperatorActions;
  readonly scrubber: Scrubber;
  readonly orphans: OrphanSweep;
  readonly volumeRemoval: VolumeRemoval;
  /** Open challenges and how far their proofs are. */
  duties(): readonly ProofDuty[];
  readonly statusReader: StatusReader;
  /** Starts following the chain, proving and cleaning up. The public URL must be known by now. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Opens a provider over its data folder; it serves at once and acts after `start`. */
export async function createProvider(options: ProviderOptions): Promise<Provider> {
  return assemble(await openProviderContext(options));
}

function assemble(context: ProviderContext): Provider {
  const watch = new ChainWatch(context);
  const gate = new TicketGate(context);
  const uploads = new Uploads(context, gate);
  const slicer = new Slicer(context.store);
  const builder = new ProofBuilder(context, slicer);
  const prover = new Prover(context, watch, builder);
  const redeemer = new Redeemer(context, watch, () => follower.views());
  const negotiations: Negotiations = new Negotiations(context, watch, redeemer, (contract, why) =>
    follower.free(contract, why),
  );
  const follower: ContractFollower = new ContractFollower(
    context,
    uploads,
    (record) => negotiations.end(record),
    (step) => negotiations.inTurn(step),
  );
  const publisher = new RevisionPublisher(context);
  const announcer = new Announcer(context, watch);
  const scrubber = new Scrubber(context);
  const orphans = new OrphanSweep(context, uploads, () => follower.isComplete);
  // Proofs first: they have a deadline, and what comes after may delete or look through a million fragments.
  watch.onTip((tip) => prover.sync(tip));
  watch.onTip((tip, isReorg) => follower.sync(tip, isReorg));
  watch.onTip((tip) => publisher.sync(tip));
  watch.onTip((tip) => redeemer.sync(tip));
  watch.onTip((tip) => announcer.sync(tip));
  let housekeeping: NodeJS.Timeout | undefined;
  let cleaning: Promise<void> = Promise.resolve();
  const cleanUp = async (): Promise<void> => {
    // Not while something is being signed: how it ended would be remembered wrongly.
    await negotiations.inTurn(() => follower.dropLapsed());
    await context.tickets.sweep(context.now());
    await context.records.negotiations.sweep(nowSeconds(context) - context.limits.endedNegotiationSeconds);
    await orphans.sweepIfDue();
  };
  return {
    context,
    watch,
    reservations: new Reservations(context, watch),
    uploads,
    downloads: new Downloads(context, gate, new ReadMeter(context, watch)),
    negotiations,
    operator: new OperatorActions(context, watch, () => follower.views(), redeemer),
    revisions: new Revisions(context, new RevisionJudge(context, watch), negotiations, uploads),
    audits: new Audits(gate, builder),
    scrubber,
    orphans,
    volumeRemoval: new VolumeRemoval(context, scrubber),
    duties: () => prover.duties(),
    statusReader: new StatusReader(context, { watch, announcer, follower, prover }),
    async start() {
      watch.start();
      scrubber.start();
      housekeeping = setInterval(() => {
        cleaning = cleaning.then(cleanUp);
      }, HOUSEKEEPING_MS);
    },
    async stop() {
      clearInterval(housekeeping);
      await watch.stop();
      await cleaning;
      await scrubber.stop();
      await prover.stop();
      await slicer.close();
      await closeProviderContext(context);
    },
  };
}
