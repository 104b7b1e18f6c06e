import { entropyToMnemonic, mnemonicToSeedSync, validateMnemonic } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { assertInvariant, type Violation, violationToText } from '#errors';

/** The phrase in its one spelling: lower case, single spaces. People type capitals and line breaks. */
export function normalizePhrase(text: string): string {
  return text.normalize('NFKD').trim().toLowerCase().split(/\s+/).join(' ');
}

/** A BIP-39 English phrase from 16 bytes of entropy (12 words) or 32 (24 words). The caller draws the entropy. */
export function newPhrase(entropy: Uint8Array): string {
  assertInvariant(
    entropy.length === 16 || entropy.length === 32,
    `a phrase is made of 16 or 32 bytes of entropy, got ${entropy.length}`,
  );
  return entropyToMnemonic(entropy, wordlist);
}

/**
 * What is wrong with a phrase, or undefined. `phrase/word-count` {words, allowed}; `phrase/unknown-word`
 * {position (from 1), word}; `phrase/checksum` {words}: every word exists but they do not belong together.
 * Never shows more than the one unknown word: the rest is a secret.
 */
export function validatePhrase(phrase: string): Violation | undefined {
  const normalized = normalizePhrase(phrase);
  const words = normalized === '' ? [] : normalized.split(' ');
  const unknownAt = words.findIndex((word) => !wordlist.includes(word));
  if (words.length !== 12 && words.length !== 24) {
    return { rule: 'phrase/word-count', words: words.length, allowed: '12 or 24' };
  }
  if (unknownAt >= 0) return { rule: 'phrase/unknown-word', position: unknownAt + 1, word: words[unknownAt] };
  if (!validateMnemonic(normalized, wordlist)) return { rule: 'phrase/checksum', words: words.length };
  return undefined;
}

/** The 64-byte BIP-39 seed of a valid phrase (no BIP-39 passphrase: the phrase alone must bring all back). */
export function phraseToSeed(phrase: string): Uint8Array {
  const violation = validatePhrase(phrase);
  assertInvariant(
    violation === undefined,
    `the phrase was not checked before use: ${violation === undefined ? '' : violationToText(violation)}`,
  );
  return mnemonicToSeedSync(normalizePhrase(phrase));
}
