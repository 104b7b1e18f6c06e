import { createRequire } from 'node:module';
import type { Ed25519Engine } from './ed25519-engine.js';

/** The part of sodium-native used here; the package has no types of its own. */
interface Sodium {
  crypto_sign_seed_keypair(publicKey: Uint8Array, secretKey: Uint8Array, seed: Uint8Array): void;
  crypto_sign_detached(signature: Uint8Array, message: Uint8Array, secretKey: Uint8Array): void;
  crypto_sign_verify_detached(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean;
}

const require = createRequire(import.meta.url);

/** libsodium from its ready-made binary, or undefined on a machine it was not built for. The fastest by far. */
export function loadSodiumEngine(): Ed25519Engine | undefined {
  let sodium: Sodium;
  try {
    sodium = require('sodium-native') as Sodium;
  } catch {
    return undefined;
  }
  const keyPair = (seed: Uint8Array): { publicKey: Uint8Array; secretKey: Uint8Array } => {
    const publicKey = new Uint8Array(32);
    const secretKey = new Uint8Array(64);
    sodium.crypto_sign_seed_keypair(publicKey, secretKey, seed);
    return { publicKey, secretKey };
  };
  return {
    name: 'sodium-native',
    publicKey: (seed) => keyPair(seed).publicKey,
    sign: (seed, message) => {
      const signature = new Uint8Array(64);
      const { secretKey } = keyPair(seed);
      sodium.crypto_sign_detached(signature, message, secretKey);
      secretKey.fill(0);
      return signature;
    },
    verifyEquation: ({ publicKey, message, signature }) =>
      sodium.crypto_sign_verify_detached(signature, message, publicKey),
  };
}
