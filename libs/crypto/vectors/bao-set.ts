/** A slice of a set of chunks by its size and BLAKE3 hash; the input is `counterBytes` of the published Bao slices. */
export interface BaoSetVector {
  readonly lengthBytes: number;
  readonly chunks: readonly number[];
  readonly sliceBytes: number;
  readonly sliceBlake3: string;
}

/** Of our own making: Bao's reference implementation slices ranges, not sets. */
export const baoSetVectors: readonly BaoSetVector[] = [
  {
    lengthBytes: 1025,
    chunks: [0, 1],
    sliceBytes: 1097,
    sliceBlake3: '04a7fc9414f25fbb4529968d4eb32e569691ad3517f45fa736cfddaed99d66f5',
  },
  {
    lengthBytes: 3073,
    chunks: [0, 2],
    sliceBytes: 2248,
    sliceBlake3: '8f8aedb2c4e1b5c27ccee6542a24230d0e6e73ea718de430da6c1d0e595bba2a',
  },
  {
    lengthBytes: 13312,
    chunks: [1, 2, 9],
    sliceBytes: 3592,
    sliceBlake3: '1b449cd12643ed9ce0727177337e112f3f73c8e3679660f9981150a55d65c101',
  },
  {
    lengthBytes: 13312,
    chunks: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
    sliceBytes: 14088,
    sliceBlake3: 'e5ca844ba6ac49fad8f888b63b437d7d25ee15d80a7bc01edac16f78e2a65271',
  },
  {
    lengthBytes: 4194304,
    chunks: [0, 1, 2048, 4095],
    sliceBytes: 6216,
    sliceBlake3: 'ce7dcb3b7f3b0b4b47cddeea76b5b4b0cc43744da0f3a374855685a1664966e9',
  },
];
