/** The input of the published BLAKE3 vectors: bytes 0 to 250, repeated. */
export function patternBytes(lengthBytes: number): Uint8Array {
  return Uint8Array.from({ length: lengthBytes }, (_, i) => i % 251);
}

/** Hash mode, first 32 bytes, of the lengths at which the tree changes shape (BLAKE3 team, test_vectors.json). */
export const blake3Vectors: readonly { readonly lengthBytes: number; readonly hash: string }[] = [
  { lengthBytes: 0, hash: 'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262' },
  { lengthBytes: 1, hash: '2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213' },
  { lengthBytes: 1023, hash: '10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11' },
  { lengthBytes: 1024, hash: '42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7' },
  { lengthBytes: 1025, hash: 'd00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444' },
  { lengthBytes: 2048, hash: 'e776b6028c7cd22a4d0ba182a8bf62205d2ef576467e838ed6f2529b85fba24a' },
  { lengthBytes: 2049, hash: '5f4d72f40d7a5f82b15ca2b2e44b1de3c2ef86c426c95c1af0b6879522563030' },
  { lengthBytes: 31744, hash: '62b6960e1a44bcc1eb1a611a8d6235b6b4b78f32e7abc4fb4c6cdcce94895c47' },
];

/** Keyed mode of the 64-byte input under the key `whats the Elvish word for friend` (BLAKE3 team, test_vectors.json). */
export const blake3KeyedVector64 = 'ba8ced36f327700d213f120b1a207a3b8c04330528586f414d09f2f7d9ccb7e6';
