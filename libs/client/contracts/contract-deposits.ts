import type { Manifest } from '#fragments';
import type { ClientContext } from '../context.js';
import { contractNow } from '../providers/provider-directory.js';
import { contractsOf } from '../transfer/upload.js';
import type { Deposits } from '../transfer/upload-plan.js';

/** What the contracts of something stored set aside: for repair and for reads, alike in all of them. */
export async function depositsOf(
  { ledger }: Pick<ClientContext, 'ledger'>,
  manifest: Manifest,
): Promise<Deposits> {
  const [first] = contractsOf(manifest);
  const view = first === undefined ? null : await contractNow(ledger, first);
  if (view === null) return {};
  const { repair } = view;
  return {
    readEscrow: BigInt(view.reads),
    ...(repair !== null && {
      reserve: BigInt(view.reserve),
      repair: {
        key: Uint8Array.from(Buffer.from(repair.key, 'hex')),
        maxBasePerEpoch: BigInt(repair.maxBasePerEpoch),
        maxPricePerGiBEpoch: BigInt(repair.maxPricePerGiBEpoch),
      },
    }),
  };
}
