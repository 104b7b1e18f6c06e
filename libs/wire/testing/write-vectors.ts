import { writeFileSync } from 'node:fs';
import { toVectorJson } from '../../../chain/testing/vector-file.js';
import { providerApiVectors } from './provider-api-vectors.js';
import { repairVectors } from './repair-vectors.js';

// Run by hand after a change of the protocol: node dist/libs/wire/testing/write-vectors.js
const vectors = { 'provider-api': providerApiVectors(), repair: repairVectors() };
for (const [name, made] of Object.entries(vectors)) {
  writeFileSync(new URL(`../../../../libs/wire/vectors/${name}.json`, import.meta.url), toVectorJson(made));
}
