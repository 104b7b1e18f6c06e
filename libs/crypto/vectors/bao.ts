/** The input of the published Bao vectors: the 32-bit little-endian numbers 1, 2, 3 ... joined, then cut. */
export function counterBytes(lengthBytes: number): Uint8Array {
  return Uint8Array.from({ length: lengthBytes }, (_, i) => (1 + (i >> 2)) >>> (8 * (i & 3)));
}

/** BLAKE3 roots of that input by length, hex. */
export const baoRoots: Readonly<Record<number, string>> = {
  0: 'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262',
  1: '48fc721fbbc172e0925fa27af1671de225ba927134802998b10a1568a188652b',
  1023: '15f8c1ae1049fe7e837186612c8ce732e66835841a4569b71e4ac3e3d3411b90',
  1024: 'f749c19181983b839cd97fe121cebaf076bc951e8c8e6d64accfedad5951ec22',
  1025: '3613596275c4ea790774dedf20835b2daf86cacc892feef6ce720c121572f1f9',
  2047: '89cc9b9cf2a83f03b22983c8bd7f2df392f5c1966f0e221db9ab396f7043c4d7',
  3072: '9748169f2aa70258d18cef6dc6b4b4511265e268e85f73dcbea6e34ab0341da1',
  3073: '5ba075072daba2470558a171e3769fba057dc3f12375c60892bdbe73348d9fd1',
  13312: '3e88d1dd20f426640077dcf82d6d4e18ee0062aa72f8ae547a0e65fcd36a0f06',
};

/**
 * Published Bao slices that start at a chunk and are one chunk long (the Bao reference implementation's
 * test_vectors.json for BLAKE3): the slice's size and its own BLAKE3 hash.
 */
export const baoSliceVectors: readonly {
  readonly lengthBytes: number;
  readonly chunkIndex: number;
  readonly sliceBytes: number;
  readonly sliceBlake3: string;
}[] = [
  {
    lengthBytes: 0,
    chunkIndex: 0,
    sliceBytes: 8,
    sliceBlake3: '71e0a99173564931c0b8acc52d2685a8e39c64dc52e3d02390fdac2a12b155cb',
  },
  {
    lengthBytes: 1,
    chunkIndex: 0,
    sliceBytes: 9,
    sliceBlake3: 'fa1fd2786e8860a7aa94276683579b3ed999ebdc2257a924811c4bcdbe5ee9f4',
  },
  {
    lengthBytes: 1023,
    chunkIndex: 0,
    sliceBytes: 1031,
    sliceBlake3: '94c16da9b8aab7077c49f73658b3d522c55f5cf94f9a22e1c91f7e2e75953803',
  },
  {
    lengthBytes: 1024,
    chunkIndex: 0,
    sliceBytes: 1032,
    sliceBlake3: '62881f0fbd8b62d69f23b75abe62f4c56874a58699ff6741686f40dfcc20f05e',
  },
  {
    lengthBytes: 1025,
    chunkIndex: 0,
    sliceBytes: 1096,
    sliceBlake3: '4f0cdbee78cfb059fdcaa30d08fbe9c1e0477f924e671a1de8742ba8340c2c5d',
  },
  {
    lengthBytes: 1025,
    chunkIndex: 1,
    sliceBytes: 73,
    sliceBlake3: '9f358569ae5d9140e2fb67e38a123d4880aa43c32dd7d680ac355448526a0610',
  },
  {
    lengthBytes: 2047,
    chunkIndex: 0,
    sliceBytes: 1096,
    sliceBlake3: '3d1c6a78eeb5431934ce15ba03268b2f2fc41b2de15a21f0690455df4149c210',
  },
  {
    lengthBytes: 2047,
    chunkIndex: 1,
    sliceBytes: 1095,
    sliceBlake3: 'db2e636f81c1a8e8cfd95364b9731bf89dcff6c42d4eb5172df632a2fd879f99',
  },
  {
    lengthBytes: 3072,
    chunkIndex: 0,
    sliceBytes: 1160,
    sliceBlake3: '587165e79f60f9bf0e0bf02fbbec408f04f4cc471e329bead1c3797b4cc52393',
  },
  {
    lengthBytes: 3072,
    chunkIndex: 1,
    sliceBytes: 1160,
    sliceBlake3: '34204424a859daf5fbf67e52a16ff28a26d17f0f27c233de0056bda00943d6f6',
  },
  {
    lengthBytes: 3072,
    chunkIndex: 2,
    sliceBytes: 1096,
    sliceBlake3: '56e1a3009440291aa69b2b9f62bac42aa2698cee5457b9d59c48faddf0af219b',
  },
  {
    lengthBytes: 3073,
    chunkIndex: 0,
    sliceBytes: 1160,
    sliceBlake3: '0280d8f65473e1f03d7ec5d05f3e7313a01b0f25023c6ed29ddfe0143e43d731',
  },
  {
    lengthBytes: 3073,
    chunkIndex: 1,
    sliceBytes: 1160,
    sliceBlake3: '70d4b63e74780248d3f8d3ac9d1e39dae7549173e2097d9a8b167932f61a0913',
  },
  {
    lengthBytes: 3073,
    chunkIndex: 2,
    sliceBytes: 1160,
    sliceBlake3: '2d2ab3599aa6f275e6aa3ccfd278dabcde6f9b6a305d3b2c9db7805d6fe9b508',
  },
  {
    lengthBytes: 3073,
    chunkIndex: 3,
    sliceBytes: 137,
    sliceBlake3: '057778b3e6fac7b7950296b007a1a7c1464eba3bd0a00640685bf14918786638',
  },
  {
    lengthBytes: 13312,
    chunkIndex: 6,
    sliceBytes: 1288,
    sliceBlake3: '461bb5d070c0531673aef2590d6d59914ccaa5ed351e296e2e8e6bd52930d0e2',
  },
  {
    lengthBytes: 13312,
    chunkIndex: 7,
    sliceBytes: 1288,
    sliceBlake3: '0270c4da4cee4e01f496530305e51140edc1ffc956294c5d2c7389613cb7587d',
  },
  {
    lengthBytes: 13312,
    chunkIndex: 8,
    sliceBytes: 1288,
    sliceBlake3: '2045ad9a4babe21a109593741545a7913e225d1cfded3d2b2ab69971e7404fec',
  },
  {
    lengthBytes: 13312,
    chunkIndex: 9,
    sliceBytes: 1288,
    sliceBlake3: '4527a6f12c9254f4416e8b152483b11d68be83aa782db27cbb638dc297f05a16',
  },
  {
    lengthBytes: 13312,
    chunkIndex: 10,
    sliceBytes: 1288,
    sliceBlake3: '08e1b6e8de33080fb17a666506131ffbc44b424dc3d90224933bed1c9f7ea99e',
  },
  {
    lengthBytes: 13312,
    chunkIndex: 11,
    sliceBytes: 1288,
    sliceBlake3: 'ec98ac27e4144494a3d91dcaacc9487b62afd01b72aa5da52d777b0e0181dd66',
  },
  {
    lengthBytes: 13312,
    chunkIndex: 12,
    sliceBytes: 1160,
    sliceBlake3: 'a769554f29020e2366cc67782c2778146b7b559e90b4de2356f67568dda46edd',
  },
];
