/**
 * One-chunk Bao slices of the pattern input (bytes 0 to 250, repeated), hex. The root is the published BLAKE3
 * hash; the slice is given by its size and SHA-256 to keep this file short.
 */
export const baoSliceVectors: readonly {
  readonly lengthBytes: number;
  readonly chunkIndex: number;
  readonly sliceBytes: number;
  readonly header: string;
  readonly root: string;
  readonly sliceSha256: string;
}[] = [
  {
    lengthBytes: 0,
    chunkIndex: 0,
    sliceBytes: 8,
    header: '0000000000000000',
    root: 'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262',
    sliceSha256: 'af5570f5a1810b7af78caf4bc70a660f0df51e42baf91d4de5b2328de0e83dfc',
  },
  {
    lengthBytes: 1,
    chunkIndex: 0,
    sliceBytes: 9,
    header: '0100000000000000',
    root: '2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213',
    sliceSha256: 'a536aa3cede6ea3c1f3e0357c3c60e0f216a8c89b853df13b29daa8f85065dfb',
  },
  {
    lengthBytes: 1024,
    chunkIndex: 0,
    sliceBytes: 1032,
    header: '0004000000000000',
    root: '42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7',
    sliceSha256: '71b5b6cf8f7e3ec39cb9805572d55194c45bed9f46715c512783a2aa22750e84',
  },
  {
    lengthBytes: 1025,
    chunkIndex: 0,
    sliceBytes: 1096,
    header: '0104000000000000',
    root: 'd00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444',
    sliceSha256: '8bdab8c28f6e92e9bb9d4b8bac56d262db50cb8d5fb3b29e79b1849a90157fa1',
  },
  {
    lengthBytes: 1025,
    chunkIndex: 1,
    sliceBytes: 73,
    header: '0104000000000000',
    root: 'd00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444',
    sliceSha256: 'ac9fbbd0ac29f3a8e1b494e24af1697e59d56dd4623ab69ceb91ce8622033bfe',
  },
  {
    lengthBytes: 5000,
    chunkIndex: 2,
    sliceBytes: 1224,
    header: '8813000000000000',
    root: 'ee78d92070de3df1c57c37002abf0a6b1a6589acdeef4d8ffac7cf3d9e8f2836',
    sliceSha256: 'a4e3c59dd515c527b2dad27a11edfe4c6550f8b5aa496ed74e4460b8b10f74b8',
  },
  {
    lengthBytes: 5000,
    chunkIndex: 4,
    sliceBytes: 976,
    header: '8813000000000000',
    root: 'ee78d92070de3df1c57c37002abf0a6b1a6589acdeef4d8ffac7cf3d9e8f2836',
    sliceSha256: 'da7b54e11607f341611995abca69ead071066eb10077521da445c79b8ffac289',
  },
  {
    lengthBytes: 31744,
    chunkIndex: 30,
    sliceBytes: 1288,
    header: '007c000000000000',
    root: '62b6960e1a44bcc1eb1a611a8d6235b6b4b78f32e7abc4fb4c6cdcce94895c47',
    sliceSha256: 'fc532a7a68650122ae13838ac65ae07d5daf883a4471d5cecb909aaef4daced8',
  },
];
