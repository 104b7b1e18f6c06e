import { readFileSync, writeFileSync } from 'node:fs';
import { bytesToHex, hexToBytes } from '../bytes.js';
import { signatureEdges } from './signature-edges.js';
import type { JudgedSignature } from './torsion-signature.js';

/** The committed file, seen from dist/libs/crypto/testing. */
const file = new URL('../../../../libs/crypto/vectors/signature-edges.json', import.meta.url);

/** The text of the file as this code makes it. */
export function signatureEdgesToText(edges = signatureEdges()): string {
  const rows = edges.map(({ name, publicKey, message, signature, isGood }) => ({
    name,
    publicKey: bytesToHex(publicKey),
    message: bytesToHex(message),
    signature: bytesToHex(signature),
    isGood,
  }));
  return `${JSON.stringify(rows, null, 2)}\n`;
}

/** The text of the committed file. */
export function readSignatureEdgesText(): string {
  return readFileSync(file, 'utf8');
}

/** The committed vectors. */
export function readSignatureEdges(): readonly JudgedSignature[] {
  const rows = JSON.parse(readSignatureEdgesText()) as {
    name: string;
    publicKey: string;
    message: string;
    signature: string;
    isGood: boolean;
  }[];
  return rows.map(({ name, publicKey, message, signature, isGood }) => ({
    name,
    publicKey: hexToBytes(publicKey),
    message: hexToBytes(message),
    signature: hexToBytes(signature),
    isGood,
  }));
}

/** Writes the file anew: only where the rule of verification changes. */
export function writeSignatureEdges(): void {
  writeFileSync(file, signatureEdgesToText());
}
