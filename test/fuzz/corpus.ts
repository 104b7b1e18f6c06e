import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Where the kept inputs lie in the sources, seen from dist/test/fuzz. */
function corpusPath(target: string): string {
  return fileURLToPath(new URL(`../../../test/fuzz/corpus/${target}.json`, import.meta.url));
}

/** Kept inputs of a target: each once gave an answer that no sample gives, or was a finding. */
export function readCorpus(target: string): readonly Uint8Array[] {
  const path = corpusPath(target);
  if (!existsSync(path)) return [];
  const kept = JSON.parse(readFileSync(path, 'utf8')) as readonly string[];
  return kept.map((hex) => new Uint8Array(Buffer.from(hex, 'hex')));
}

/** Inputs larger than this are not kept. */
const MAX_KEPT_BYTES = 2_048;

/** Adds inputs to what is kept. */
export function keepInputs(target: string, inputs: readonly Uint8Array[]): void {
  const kept = new Set(readCorpus(target).map((input) => Buffer.from(input).toString('hex')));
  for (const input of inputs)
    if (input.length <= MAX_KEPT_BYTES) kept.add(Buffer.from(input).toString('hex'));
  if (kept.size > 0) writeFileSync(corpusPath(target), `${JSON.stringify([...kept], null, 2)}\n`);
}
