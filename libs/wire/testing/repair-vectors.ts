import { type ContractId, devnet } from '#chain';
import { nobleCrypto } from '#crypto';
import { type RepairCapability, signRepairCapability } from '../repair-capability.js';

const crypto = nobleCrypto;
const secretKey = new Uint8Array(32).fill(1);
const id = (byte: number) => byte.toString(16).padStart(2, '0').repeat(32);

/** A capability of two segments, the second with a fragment that is not placed. */
export function sampleCapability(): RepairCapability {
  const fragmentIds = (first: number) =>
    Array.from({ length: 3 }, (_, index) => new Uint8Array(32).fill(first + index));
  return {
    clientKey: crypto.publicKey(secretKey),
    repairerKey: crypto.publicKey(new Uint8Array(32).fill(2)),
    subject: id(0x55),
    number: 1_799_999_000_000n,
    content: {
      profile: { k: 1, repairBelow: 2, n: 3 },
      repairKey: new Uint8Array(32).fill(7),
      contracts: [0xc1, 0xc2, 0xc3].map((byte) => id(byte) as ContractId),
      segments: [
        {
          segmentId: new Uint8Array(16).fill(8),
          fragmentLength: 65_536,
          fragmentIds: fragmentIds(0x10),
          holders: [1, 2, 3],
        },
        {
          segmentId: new Uint8Array(16).fill(9),
          fragmentLength: 2_048,
          fragmentIds: fragmentIds(0x20),
          holders: [2, 0, 1],
        },
      ],
    },
  };
}

/** A capability that gives and one that takes back, on the devnet. */
export function repairVectors(): unknown {
  const given = sampleCapability();
  const withdrawn = { ...given, number: given.number + 1n, content: undefined };
  return {
    network: 'devnet',
    clientSecretKey: secretKey,
    capabilities: [given, withdrawn].map((value) => ({
      value,
      bytes: signRepairCapability(crypto, devnet, value, secretKey).bytes,
    })),
  };
}
