import type { FuzzTarget } from '../fuzz-target.js';
import { contractTargets } from './contract-targets.js';
import { fileTargets } from './file-targets.js';
import { lawTargets } from './law-targets.js';
import { miningTargets } from './mining-targets.js';
import { networkTargets } from './network-targets.js';
import { nodeTargets } from './node-targets.js';
import { proofTargets } from './proof-targets.js';

/** All fuzz targets; `close` removes what they put on disk. To add one: a line in the file it belongs to. */
export async function createFuzzTargets(): Promise<{
  readonly targets: readonly FuzzTarget[];
  close(): void;
}> {
  const files = await fileTargets();
  const node = await nodeTargets();
  return {
    targets: [
      ...lawTargets(),
      ...contractTargets(),
      ...proofTargets(),
      ...files.targets,
      ...node.targets,
      ...networkTargets(),
      ...miningTargets(),
    ],
    close() {
      files.close();
      node.close();
    },
  };
}
