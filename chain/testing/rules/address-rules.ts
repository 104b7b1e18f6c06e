import { bech32, bech32m } from '@scure/base';
import { hexToBytes } from '#crypto';
import type { RuleVectorFile } from './rule-vector.js';
import { VectorBook } from './vector-book.js';

const ACCOUNT = '00ff'.repeat(10);

/** Addresses as people type them. */
export function addressRules(): RuleVectorFile {
  const book = new VectorBook();
  book.network('devnet', { base: 'devnet', changes: {} });
  book.network('mainnet', { base: 'mainnet', changes: {} });
  const payload = (...bytes: readonly number[]): number[] => bech32m.toWords(Uint8Array.from(bytes));
  const words = payload(0, ...hexToBytes(ACCOUNT));
  const good = bech32m.encode('dcairn', words);
  const accept = (rule: string, why: string, text: string, network = 'devnet'): void =>
    book.ask(rule, 'accept', why, { subject: 'address', network, text });
  const refuse = (rule: string, why: string, text: string, network = 'devnet'): void =>
    book.ask(rule, rule, why, { subject: 'address', network, text });

  accept('address/malformed', 'lower case', good);
  accept('address/malformed', 'upper case, as QR codes hold it', good.toUpperCase());
  refuse('address/malformed', 'both cases', `D${good.slice(1)}`);
  refuse(
    'address/malformed',
    'the last character is another',
    `${good.slice(0, -1)}${good.endsWith('q') ? 'p' : 'q'}`,
  );
  refuse('address/malformed', 'the checksum of BIP-173', bech32.encode('dcairn', words));
  refuse('address/malformed', 'a character that is none of the 32', good.replace(/.$/, 'b'));
  refuse('address/malformed', 'nothing', '');
  refuse('address/malformed', 'a space before it', ` ${good}`);
  accept('address/network', 'mainnet’s prefix on mainnet', bech32m.encode('cairn', words), 'mainnet');
  refuse('address/network', 'mainnet’s prefix on devnet', bech32m.encode('cairn', words));
  refuse('address/network', 'testnet’s prefix on mainnet', bech32m.encode('tcairn', words), 'mainnet');
  accept(
    'address/version',
    'version 0 and 20 bytes',
    bech32m.encode('dcairn', payload(0, ...new Uint8Array(20))),
  );
  refuse('address/version', 'version 1', bech32m.encode('dcairn', payload(1, ...hexToBytes(ACCOUNT))));
  refuse('address/version', '19 bytes', bech32m.encode('dcairn', payload(0, ...new Uint8Array(19))));
  refuse('address/version', '21 bytes', bech32m.encode('dcairn', payload(0, ...new Uint8Array(21))));
  const padded = [...words.slice(0, -1), (words.at(-1) as number) | 1];
  refuse('address/version', 'a bit set in the padding', bech32m.encode('dcairn', padded));
  return book.finish();
}
