import { writeFileSync } from 'node:fs';
import { toVectorJson } from '../../../chain/testing/vector-file.js';
import { providerApiVectors } from './provider-api-vectors.js';

// Run by hand after a change of the protocol: node dist/libs/wire/testing/write-vectors.js
const file = new URL('../../../../libs/wire/vectors/provider-api.json', import.meta.url);
writeFileSync(file, toVectorJson(providerApiVectors()));
