import { readFileSync, writeFileSync } from 'node:fs';
import { bytesToHex } from '#crypto';

/** JSON as vectors hold it: amounts as decimal strings, bytes as hex. */
export function toVectorJson(value: unknown): string {
  const replace = (_key: string, item: unknown): unknown => {
    if (typeof item === 'bigint') return item.toString();
    return item instanceof Uint8Array ? bytesToHex(item) : item;
  };
  return `${JSON.stringify(value, replace, 2)}\n`;
}

/** Where a vector file lies in the sources, seen from a built file two folders below dist. */
function vectorUrl(folder: 'chain' | 'contracts', name: string): URL {
  return new URL(`../../../${folder}/vectors/${name}.json`, import.meta.url);
}

/** The parsed content of a committed vector file. */
export function readVectors(folder: 'chain' | 'contracts', name: string): unknown {
  return JSON.parse(readFileSync(vectorUrl(folder, name), 'utf8'));
}

/** The text of a committed vector file, for byte-for-byte comparison with what the code makes. */
export function readVectorText(folder: 'chain' | 'contracts', name: string): string {
  return readFileSync(vectorUrl(folder, name), 'utf8');
}

/** Writes a vector file anew: only for a change of the protocol, with its version. */
export function writeVectors(folder: 'chain' | 'contracts', name: string, value: unknown): void {
  writeFileSync(vectorUrl(folder, name), toVectorJson(value));
}
