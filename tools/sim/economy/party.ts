import { type AccountId, mainnet, publicKeyToAccountId } from '#chain';
import { asciiToBytes } from '#crypto';
import { nativeCrypto } from '#crypto-native';

/** A key pair that takes part in a simulated economy. */
export interface Party {
  readonly label: string;
  readonly secretKey: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly account: AccountId;
}

/** The party of a label: the same in every run. */
export function createParty(label: string): Party {
  const secretKey = nativeCrypto.sha256(asciiToBytes(`cairn sim economy ${label}`));
  const publicKey = nativeCrypto.publicKey(secretKey);
  return { label, secretKey, publicKey, account: publicKeyToAccountId(nativeCrypto, mainnet, publicKey) };
}

const party = createParty;

/** Everybody there is. The attacker's keys are one purse. */
export const PARTIES = {
  attackerMiner: party('attacker miner'),
  attackerClient: party('attacker client'),
  attackerProvider: party('attacker provider'),
  attackerSuccessor: party('attacker successor'),
  attackerRepairer: party('attacker repairer'),
  honestMiner: party('honest miner'),
  honestClient: party('honest client'),
  honestProvider: party('honest provider'),
  crowdClient: party('crowd client'),
} as const;

/** Whose coins count as the attacker's. */
export const ATTACKER_PURSE = [
  PARTIES.attackerMiner,
  PARTIES.attackerClient,
  PARTIES.attackerProvider,
  PARTIES.attackerSuccessor,
  PARTIES.attackerRepairer,
] as const;
