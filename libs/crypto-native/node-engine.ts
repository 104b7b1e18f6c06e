import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import type { Ed25519Engine } from './ed25519-engine.js';

/** PKCS #8 up to the 32-byte seed (RFC 8410, section 7). */
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
const maxCachedKeys = 4096;

/** Public keys are imported once: the import costs as much as a verification. Oldest out first. */
class PublicKeyCache {
  private readonly keys = new Map<string, KeyObject>();

  keyOf(publicKey: Uint8Array): KeyObject {
    const x = Buffer.from(publicKey).toString('base64url');
    const cached = this.keys.get(x);
    if (cached !== undefined) return cached;
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    if (this.keys.size >= maxCachedKeys) this.keys.delete(this.keys.keys().next().value as string);
    this.keys.set(x, key);
    return key;
  }
}

function privateKeyOf(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seed]), format: 'der', type: 'pkcs8' });
}

/** OpenSSL through node:crypto: always there, half as fast. */
export function createNodeEngine(): Ed25519Engine {
  const cache = new PublicKeyCache();
  return {
    name: 'node:crypto',
    publicKey: (seed) => {
      const { x } = createPublicKey(privateKeyOf(seed)).export({ format: 'jwk' });
      return new Uint8Array(Buffer.from(x as string, 'base64url'));
    },
    sign: (seed, message) => new Uint8Array(sign(null, message, privateKeyOf(seed))),
    verifyEquation: ({ publicKey, message, signature }) =>
      verify(null, message, cache.keyOf(publicKey), signature),
  };
}
