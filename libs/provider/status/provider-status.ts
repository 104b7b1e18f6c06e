import { z } from 'zod';
import { amountText, hexOf } from '#wire';
import { askProvider } from './ask-provider.js';
import { volumeViewSchema } from './volume-schema.js';

const severity = z.enum(['info', 'warning', 'critical']);

/** What an operator wants to know at one look: am I earning, am I about to be penalised, is my disk dying. */
export const providerStatusSchema = z
  .object({
    providerKey: hexOf(32, 'public key'),
    address: z.string(),
    network: z.string(),
    publicUrl: z.string(),
    /** RFC 3339. */
    time: z.string(),
    node: z.object({
      reachable: z.boolean(),
      tipHeight: z.number().int().nullable(),
      problem: z.string().nullable(),
    }),
    announced: z.object({ offerNumber: z.string().nullable(), waitingFor: z.string().nullable() }),
    earning: z.object({
      /** Paid out so far: tranches and vested shares, base units. */
      earnedTotal: amountText,
      /** Kept back until contracts end. */
      vesting: amountText,
      balance: amountText.nullable(),
      collateralLocked: amountText,
      contractsActive: z.number().int(),
      contractsReserved: z.number().int(),
    }),
    proofs: z.object({
      nextChallengeHeight: z.number().int().nullable(),
      openWindows: z.array(
        z.object({
          contract: z.string(),
          epoch: z.number().int(),
          opensAt: z.number().int(),
          closesAt: z.number().int(),
          proven: z.boolean(),
          /** The proof is made and waits for its first height, or for a block. */
          ready: z.boolean(),
          /** Why the proof could not be made or handed in, the last time it was tried. */
          problem: z
            .object({ code: z.string(), message: z.string(), sinceHeight: z.number().int() })
            .nullable(),
        }),
      ),
      /** Contracts of which fragments are lost or rotten: their proofs fail once these are drawn. */
      atRisk: z.array(
        z.object({
          contract: z.string(),
          nextChallengeHeight: z.number().int().nullable(),
          lostFragments: z.number().int(),
          fragments: z.number().int(),
        }),
      ),
      last: z.array(
        z.object({
          contract: z.string(),
          epoch: z.number().int(),
          submittedAt: z.number().int(),
          state: z.enum(['submitted', 'included', 'missed']),
          transactionId: z.string(),
        }),
      ),
      proven: z.number().int(),
      missed: z.number().int(),
    }),
    disk: z.object({
      usedBytes: z.number().int(),
      capacityBytes: z.number().int(),
      boundBytes: z.string(),
      diskFreeBytes: z.number().int(),
      corruptFragments: z.array(z.string()),
      /** Why fragments cannot be read: a disk that is away. */
      problem: z.string().nullable(),
      volumes: z.array(volumeViewSchema),
    }),
    alerts: z.array(z.object({ severity, code: z.string(), message: z.string(), next: z.string() })),
  })
  .meta({ id: 'ProviderStatus' });
export type ProviderStatus = z.infer<typeof providerStatusSchema>;
export type ProviderAlert = ProviderStatus['alerts'][number];

/**
 * Asks a running provider for its status; `url` is the address it listens on, on this machine.
 * @throws AppError `provider/unreachable`, `provider/bad-answer`
 */
export async function fetchProviderStatus(url: string, timeoutMs = 10_000): Promise<ProviderStatus> {
  return askProvider({
    url,
    path: '/v1/status',
    timeoutMs,
    answer: providerStatusSchema,
    otherwise: "did not answer with a provider's status",
  });
}
