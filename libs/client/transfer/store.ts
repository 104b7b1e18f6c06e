import type { Manifest } from '#fragments';
import type { CallOptions, ClientContext } from '../context.js';
import { abandonContracts, formContracts } from './form-contracts.js';
import type { SourceFile } from './source.js';
import { keepHolders, uploadFile } from './upload.js';
import type { UploadPlan } from './upload-plan.js';

/** Something stored under contracts that exist; nothing points at it yet. */
export interface Stored {
  readonly manifest: Manifest;
  readonly contracts: readonly string[];
}

/** Uploads, agrees and forms contracts. If it fails, whatever was formed is ended again. */
export async function storeUnderContracts(
  context: ClientContext,
  source: SourceFile,
  upload: UploadPlan,
  options: CallOptions = {},
): Promise<Stored> {
  const { manifest, agreements } = await uploadFile(context, source, upload, options);
  const { formed, refused } = await formContracts(context, agreements, options);
  try {
    const failures = refused.map((error) => ({ provider: 'at forming', why: error.message }));
    return { manifest: keepHolders(manifest, formed, failures), contracts: [...formed] };
  } catch (error) {
    await abandonContracts(context, [...formed]);
    throw error;
  }
}
