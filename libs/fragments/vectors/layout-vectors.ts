/**
 * Vectors of the data layout (docs/protocol/data-layout.md, section 9).
 * Content key 32 x 01, repair key 32 x 02, segment id 00 01 .. 0f, plaintext byte i = i mod 251.
 */
export const layoutVectors = {
  keys: {
    segmentKey: 'acc7a343e96417425b89bcaaf36a367efde758b25dfed6002ea3755eb67e2a16',
    noncePrefix: '3a57a2556ece99',
    paddingKey: 'a9120bd551473461d1246a16754c2bedb0074d884d41de333cf017ad2c33142c',
    parityMask3: 'e608417cc02c442c248a9ac900e9fb5deaabd08a2dedc74221d7534645fda46d',
    parityMask7: 'b5c316c61d3f37331279aaba86353b8b80eb0200697423b28c309334e250a76c',
  },
  segments: [
    {
      k: 3,
      n: 8,
      plainLength: 1,
      fragmentLength: 1024,
      fragmentIds: [
        '8f95973361953ccb6232efa09969505ce70316df624cdf1d036068c380615df2',
        'e39f18618214a3c1ce3e21369dbb3440ec931c11ebabba86eefe915538a2f238',
        'e9e64343b6a908384b1a30560fc93a280a2a3a62e68eebf4796e92e1db85000f',
        '0d8f0a843d045573d0157596bf4a7d8276ccaeb2a88a4eca487857da4affb6ee',
        '5f8ea693d0d5946ab88f09974271ec974c23267bcef0e6127cdee6eba1ae8eeb',
        '75dabaafd6971e9f7cc2590a887971b5eca676897ab1fa4d141f8343db4b1050',
        '4f590cbe5ce7fb2674ea7fdde1a75d1cc785a092228c1487c994f959fa78ebd4',
        'ca2012d2c0f0503cb454f7593247e97d75f0e864616461d4a4d17cc33a9367a0',
      ],
    },
    {
      k: 3,
      n: 8,
      plainLength: 65536,
      fragmentLength: 22528,
      fragmentIds: [
        '0fb6c12deab6916ed848cefcdf4cc4fd4f31124fb30cf060f380543fa564881b',
        '0c2b33fd787fff62567615c9143879c036b44adfd384366844a1c73ed02fc632',
        '5d131a31742b89d96d193c6e515aa4e1ee8bbd5ec80c74cce755000f7c7ed621',
        'b3cb5035fe4e3fe719b14bf857a0b4fe3f0e35f2cc3b7d3e4a07b41f6fff9ff4',
        '2f4e344e408ab57c066d0129c70a63590318042b0c060abab18378bf0559e193',
        'f2427957caaf49ef225fb29cf24d175663213789a0cca9469ebcce0d681ecb0e',
        'ad9dd3df7af9636589507ace63c86a46ddc13b7df8458c2c78e75854633ffa15',
        '28963220a83141e49e93c6798a7efd10820e224a4a29d572a33d3ac5aba54d6f',
      ],
    },
    {
      k: 3,
      n: 8,
      plainLength: 65537,
      fragmentLength: 22528,
      fragmentIds: [
        '0709ada22f2fb70b7d5240274f95f4c026b401966a9aa92497c9c7bc59c335c8',
        '0f96adbe9de7dca6cf7c61533896a53053c3ab910384f2141e4464f458eb3260',
        '7fd906337e28857521d20bde3bc81b5916abb144362a5f2933277bea9cc65ebb',
        '6e123bff1b8ac38d0f9922d3922652e072267bfc68d166b8e9bd98cf68a750ef',
        'e436bf2f872ac88793a517da1b7d1ccb027cfe935d58fe00af59049f9716aad3',
        '881bb006158504cc8aed1983996235497516bc9559eda23f710a452c2d1da563',
        'ad2bb9a8e9695428b83e9ac07faf42d8a42877871779d9b262a1e06977562935',
        '912a2db3926f5cdc7c0c7851509a405a070fcae0d6334e8b3fd9ff326989eaec',
      ],
    },
    {
      k: 2,
      n: 5,
      plainLength: 200000,
      fragmentLength: 100352,
      fragmentIds: [
        '6e77d2841c67d073121673d189f810e099c01afbdf9864b28b42cdb676a41ce1',
        '751f232e1ef0b4c5ba9d129146ad863b1f23e364f57542afd7b3984aa12c140f',
        '9b76f5a0bed0df13fd15643803df1a7a3e902305cca7bdd353ff7c37587abe7a',
        '43ddb1f39d828fbecf7f3b2a30cd8ef74115a54e1a60c1f0214433bc09e588a0',
        'bc2fdf40ca95c35308657d8601f476a32fe3de40c2829ee7da7615b40322b7b1',
      ],
    },
  ],
} as const;
