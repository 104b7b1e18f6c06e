import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { contractsModule } from '#contracts';
import { nativeCrypto } from '#crypto-native';
import { powVectors } from '../../chain/testing/pow-vectors.js';
import { type RuleVectorFile, replayVectors } from '../../chain/testing/rules/index.js';
import { toVectorJson } from '../../chain/testing/vector-file.js';
import { judgeStateObject } from '../../contracts/testing/rules/index.js';

// Run by the mutation pass, once for every mutant, inside a copy of the built law: exit code 0 means that no vector
// noticed the change, 1 that one did.

const root = fileURLToPath(new URL('../../../', import.meta.url));

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(`${root}${path}`, 'utf8'));
}

function firstDisagreement(): string | undefined {
  if (toVectorJson(powVectors()) !== toVectorJson(readJson('chain/vectors/pow.json'))) return 'pow.json';
  for (const [folder, modules] of [
    ['chain', []],
    ['contracts', [contractsModule]],
  ] as const) {
    for (const name of readdirSync(`${root}${folder}/vectors/rules`)) {
      const file = readJson(`${folder}/vectors/rules/${name}`) as RuleVectorFile;
      const [first] = replayVectors(file, modules, nativeCrypto, judgeStateObject);
      if (first !== undefined)
        return `${folder}/${name}: ${first.vector.rule}, '${first.vector.why}': ${first.verdict}`;
    }
  }
  return undefined;
}

const noticed = firstDisagreement();
if (noticed !== undefined) process.stdout.write(`${noticed}\n`);
process.exitCode = noticed === undefined ? 0 : 1;
