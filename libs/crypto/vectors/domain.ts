/** Tagged hashes of docs/protocol/signatures.md; data and hash in hex. */
export const taggedHashVectors: readonly {
  readonly tag: string;
  readonly networkId: number;
  readonly data: string;
  readonly hash: string;
}[] = [
  {
    tag: 'cairn/test',
    networkId: 1,
    data: '',
    hash: '74f223a89c974e2341a3c0b3fbb1ac33c25a54da52bc445eb8bcf95f4056f441',
  },
  {
    tag: 'cairn/test',
    networkId: 2,
    data: '',
    hash: 'dc6002696c86b3f104f9a0581f77c0e2135738496566746d1681f58e9b009dbb',
  },
  {
    tag: 'cairn/test',
    networkId: 4294967295,
    data: '000102030405',
    hash: 'f174f25880b46f1a60742381f015c434228f7fbd747df9a4d87417d03f1a7e29',
  },
];
