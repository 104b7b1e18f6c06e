import type { KeyRole } from '../keys.js';

/** The phrase of the vectors below: BIP-39 of 16 zero bytes. Known to everybody, so never to be funded. */
export const roleKeyPhrase =
  'abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about';

/** Role keys of that phrase (docs/protocol/keys.md), hex. */
export const roleKeyVectors: readonly {
  readonly role: KeyRole;
  readonly index: number;
  readonly path: string;
  readonly secretKey: string;
  readonly publicKey: string;
}[] = [
  {
    role: 'wallet',
    index: 0,
    path: "m/44'/6517358'/0'/0'",
    secretKey: '601e696e3a3c90fc84ddc86ac5b0933d0ca79ca7b147b322c182cba61df51c48',
    publicKey: '4f88436892d3f1bf9378727e4101862376939f076e3286dd5d0d39968dc6e4d5',
  },
  {
    role: 'provider',
    index: 0,
    path: "m/44'/6517358'/1'/0'",
    secretKey: '2db3c387d7368782ddb3577e7aed5bb3a5088217e3708b9b93e1c1d1a9243013',
    publicKey: 'be0616462d361bbaed94f0d1b9fb0ccc9e8afdbffefbcb81794c4ad26aedab0f',
  },
  {
    role: 'provider',
    index: 1,
    path: "m/44'/6517358'/1'/1'",
    secretKey: '8bd46dbe2acd5d47405cfae25632643693d1dda39483ed70365e84d332004620',
    publicKey: 'f26ef8e3278725ddd9a0df611a437ef67f01661c0659067f26543ce6383e10fb',
  },
  {
    role: 'node',
    index: 0,
    path: "m/44'/6517358'/2'/0'",
    secretKey: '27b95052ef4c3055fc18b0c4deffb69d015ef603fb2fee55438359a71d359fc8',
    publicKey: '1729b5f78478a3b079f4bc983657935c43e8de2fe3996621ca1981f493807102',
  },
  {
    role: 'repairer',
    index: 0,
    path: "m/44'/6517358'/3'/0'",
    secretKey: 'b4b0202023ff577442dc670e4c904b42f0948f3023755c4898f55df160fee66c',
    publicKey: 'a67a1318d62f770e17ee2a7d0996fcbd0f4820518e231504791fcd79bc004f8c',
  },
  {
    role: 'catalogue',
    index: 0,
    path: "m/44'/6517358'/4'/0'",
    secretKey: '652c4e67fb32239d9a7ec493c66fa8437f03788788c45044e3968fd575fa3bdd',
    publicKey: 'cbd8d89ad4fe7b41a81512941d8f0feae5300e3c09980fd6aa15dab19364d9da',
  },
  {
    role: 'content',
    index: 0,
    path: "m/44'/6517358'/5'/0'",
    secretKey: 'e57e2af6e67dd56371b898d0f58e8e75ef4591737f2198357793091864816ed8',
    publicKey: 'd9877346a451f863cbf67029a231d4930c76e83954e31580d6aab5714099407e',
  },
];

/** Symmetric secrets of that phrase by label, hex. */
export const secretVectors: readonly { readonly label: string; readonly secret: string }[] = [
  { label: 'catalogue-pointer', secret: 'b9c0587f95038eaf215f574824425ec25f390cf720983691c4344d7aa8280612' },
  { label: 'test', secret: '7400a184ca6d05282fed3e0c56f1ba451a5da755940c9457c5691dd82eb4d655' },
];
