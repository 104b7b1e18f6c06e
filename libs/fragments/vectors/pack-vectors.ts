/**
 * Vectors of members of packs (docs/protocol/data-layout.md, section 9).
 * Content key 32 x 03, plaintext byte i = i mod 251; BLAKE3 of the sealed stream.
 */
export const packVectors = {
  keys: {
    memberKey: '17f3a687c7e656c72b46ef8e4ea5740d5789877d1b0e04e5dd0cc75bb6d6b293',
    noncePrefix: '1633e5d8e004dc',
  },
  members: [
    {
      plainLength: 1,
      sealedLength: 17,
      sealedHash: '3bf721af72ec03f6280e3358c9a8f21d94ca80c7b8b5528603fbb1fad226bf66',
    },
    {
      plainLength: 4096,
      sealedLength: 4112,
      sealedHash: '75e4d9e0f37ea2185351cd5514548d25303c485cd34a4ea6e9303c099d86bf00',
    },
    {
      plainLength: 65536,
      sealedLength: 65552,
      sealedHash: 'ba05ea825ace284c6f804da96c1b6e6caf64b1baf1939d047a9c04185932820c',
    },
    {
      plainLength: 65537,
      sealedLength: 65569,
      sealedHash: 'd8fb875ebce69bd8ddd5d91935f2f329fab41453182501b57c20b1c0a3782afd',
    },
    {
      plainLength: 200000,
      sealedLength: 200064,
      sealedHash: 'bbe4ad24526215be39a6c31889ed79f1249e05a616a46850fac3e772a591fd99',
    },
  ],
} as const;
