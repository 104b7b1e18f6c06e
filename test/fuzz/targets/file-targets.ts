import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  decodeCatalogue,
  emptyCatalogue,
  encodeCatalogue,
  openPointer,
  type PackId,
  sealPointer,
} from '#catalogue';
import { loadConfig } from '#config';
import { AppError, refused } from '#errors';
import { decodeManifest, encodeManifest, type Manifest, parseProfile, profileToText } from '#fragments';
import { createKeystore, openKeystore } from '#keystore';
import { createContractScenario } from '../../../contracts/testing/contract-scenario.js';
import { encodeCatalogueV1 } from '../../../libs/catalogue/testing/index.js';
import { decodeEvents, encodeEvents } from '../../../libs/ledger/storage/event-codec.js';
import { decoderTarget, FindingError, type FuzzTarget, textTarget } from '../fuzz-target.js';

const PHRASE = 'legal winner thank year wave sausage worth useful legal winner thank yellow';

function bytesOf(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 31 + seed * 17) & 255);
}

/** One segment of 3 fragments and a file of one byte. */
function smallManifest(): Manifest {
  return {
    sizeBytes: 1,
    profile: { k: 2, repairBelow: 3, n: 5 },
    fragmentSize: 65_536,
    contentKey: bytesOf(32, 1),
    repairKey: bytesOf(32, 2),
    fileHash: bytesOf(32, 3),
    segments: [
      {
        segmentId: bytesOf(16, 4),
        plainLength: 1,
        fragmentLength: 1_024,
        fragmentIds: Array.from({ length: 5 }, (_, index) => bytesOf(32, 5 + index)),
        holders: Array.from({ length: 5 }, () => new Uint8Array(32)),
      },
    ],
  };
}

function sealedTargets(): readonly FuzzTarget[] {
  const manifest = smallManifest();
  const entry = { path: 'ü/a.txt', sizeBytes: 1n, modifiedAt: 2n, storedAt: 3n, paidUntilHeight: 4n };
  const member = {
    pack: '0123456789abcdef0123456789abcdef' as PackId,
    offset: 17,
    contentKey: bytesOf(32, 10),
    fileHash: bytesOf(32, 11),
  };
  const files = [
    { ...entry, path: 'a', manifest: encodeManifest(manifest) },
    { ...entry, manifest: new Uint8Array(3), version: 2 },
  ];
  const catalogue = {
    sequence: 9n,
    files: [...files, { ...entry, path: '\udcff', manifest: new Uint8Array(2), member }],
    earlier: [{ ...entry, manifest: new Uint8Array(4), version: 1 }],
  };
  const context = { key: bytesOf(32, 7), networkId: 1, sequence: 5n };
  const sealed = sealPointer(context, { level: 0, manifest }, bytesOf(24, 8));
  return [
    decoderTarget({
      name: 'manifest',
      samples: () => [encodeManifest(manifest)],
      decode: decodeManifest,
      encode: encodeManifest,
    }),
    decoderTarget({
      name: 'catalogue',
      samples: () => [encodeCatalogue(catalogue), encodeCatalogue(emptyCatalogue)],
      // The format before it is read, too, and written as this one.
      decode: (bytes) =>
        bytes[0] === 1 ? refused({ rule: 'catalogue/version', version: 1 }) : decodeCatalogue(bytes),
      encode: encodeCatalogue,
    }),
    decoderTarget({
      name: 'catalogue-v1',
      samples: () => [encodeCatalogueV1(9n, files)],
      decode: (bytes) =>
        bytes[0] === 1 ? decodeCatalogue(bytes) : refused({ rule: 'catalogue/version', version: 2 }),
      encode: (read) => encodeCatalogueV1(read.sequence, read.files),
    }),
    {
      name: 'pointer',
      form: 'bytes',
      samples: () => [sealed],
      run(input) {
        const opened = openPointer(context, input);
        if (!opened.ok) return opened.violation.rule;
        if (Buffer.compare(input, sealed) !== 0) throw new FindingError('a pointer opens that nobody sealed');
        return 'accepted';
      },
    },
  ];
}

function eventsTarget(): FuzzTarget {
  const scenario = createContractScenario({ epochs: 1, fragmentLengths: [9] });
  scenario.form();
  return {
    name: 'events',
    form: 'text',
    samples: () => [2, 3].map((height) => encodeEvents(scenario.chain.at(height).events)),
    run: (input) => (decodeEvents(input) === undefined ? 'refused' : 'accepted'),
  };
}

function configTarget(folder: string): FuzzTarget {
  const file = join(folder, 'cairn.config.json');
  return textTarget({
    name: 'config-file',
    samples: () => ['{}', '{"network":"devnet","dataDir":"/nowhere"}', '{"network":7}'],
    read: (text) => {
      writeFileSync(file, text);
      loadConfig({ app: 'chain-node', env: {}, file });
      return 'accepted';
    },
  });
}

/** Opening costs a file and, where it is encrypted, a key derivation: thousands a second, not hundreds of thousands. */
async function keystoreTarget(folder: string): Promise<FuzzTarget> {
  const file = join(folder, 'fuzzed.key');
  const made: string[] = [];
  for (const passphrase of ['', 'secret']) {
    const path = join(folder, `sample-${passphrase.length}.key`);
    await createKeystore(path, { phrase: PHRASE, network: 'devnet', passphrase, scryptWorkFactor: 1 });
    made.push(path);
  }
  const { readFileSync } = await import('node:fs');
  return textTarget({
    name: 'keystore',
    samples: () => made.map((path) => readFileSync(path, 'utf8')),
    read: async (text) => {
      writeFileSync(file, text);
      try {
        const opened = await openKeystore(file, 'secret');
        if (opened.phrase !== PHRASE) throw new FindingError('a keystore opens with another phrase');
        return 'accepted';
      } catch (error) {
        if (error instanceof AppError && JSON.stringify([error.message, error.data]).includes('winner'))
          throw new FindingError('a message holds words of the phrase');
        throw error;
      }
    },
  });
}

/** What is read from one's own disk, which somebody else may have written. */
export async function fileTargets(): Promise<{ readonly targets: readonly FuzzTarget[]; close(): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-fuzz-files-'));
  const profile = textTarget({
    name: 'profile',
    samples: () => ['default', '8/16/24', '2/3/5'],
    read: (text) => {
      const profileOf = parseProfile(text);
      if (!profileOf.ok) return profileOf.violation.rule;
      const again = parseProfile(profileToText(profileOf.value));
      if (!again.ok) throw new FindingError('a profile is not read back');
      return 'accepted';
    },
  });
  const targets = [
    ...sealedTargets(),
    eventsTarget(),
    configTarget(folder),
    await keystoreTarget(folder),
    profile,
  ];
  return { targets, close: () => rmSync(folder, { recursive: true, force: true }) };
}
