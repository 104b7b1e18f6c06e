import { accountPot, BURN, type ContractId, FEES, type Pot, potKind } from '#chain';
import { contractSpace, type StorageContract } from '../lifecycle/contract-object.js';
import { type BlockFacts, broken, contractOfPot } from './block-facts.js';

type Role = 'client' | 'provider' | 'payout' | 'burn' | 'fees' | `own ${string}` | `next ${string}`;

/** Every way a coin may leave a contract's pot: `POT REASON` and who gets it. `next` is the contract it went on as. */
const OUT: Readonly<Record<string, Role>> = {
  'escrow tranche': 'payout',
  'escrow tranche-vesting': 'own vesting',
  'escrow tranche-returned': 'client',
  'escrow tranche-skipped': 'client',
  'escrow escrow-dropped': 'client',
  'escrow escrow-refunded': 'client',
  'escrow escrow-to-reserve': 'own reserve',
  'vesting vesting-paid': 'payout',
  'vesting vesting-forfeited': 'client',
  'collateral collateral-returned': 'provider',
  'collateral slash-burned': 'burn',
  'collateral slash-to-client': 'client',
  'collateral failure-burned': 'burn',
  'collateral failure-to-client': 'client',
  'collateral failure-to-reserve': 'own reserve',
  'reserve escrow': 'next escrow',
  'reserve bounty-promised': 'next bounty',
  'reserve reserve': 'next reserve',
  'reserve reserve-refunded': 'client',
  'reserve fee': 'fees',
  'bounty bounty': 'payout',
  'bounty bounty-refunded': 'client',
  'reads reads-paid': 'payout',
  'reads reads-refunded': 'client',
  'reads reads': 'next reads',
};

/** Every way a coin may enter a contract's pot from an account: `POT REASON` and whose it was. */
const IN: Readonly<Record<string, 'client' | 'provider'>> = {
  'escrow escrow': 'client',
  'reserve reserve': 'client',
  'reads reads': 'client',
  'collateral collateral': 'provider',
};

/** Coins of contracts go where they belong and nowhere else, and none moves once a contract is over. */
export function checkFlows(facts: BlockFacts): void {
  for (const posting of facts.postings) {
    const { from, to, amount, reason } = posting;
    const source = contractOfPot(from);
    const target = contractOfPot(to);
    if (source !== undefined) {
      const expected = receiver(facts, source, OUT[`${potKind(from)} ${reason}`]);
      if (to !== expected) broken(facts, source, `'${reason}' went astray`, { from, to, expected, amount });
    } else if (target !== undefined) {
      const role = IN[`${potKind(to)} ${reason}`];
      const contract = contractAt(facts, target);
      const expected = role === undefined ? 'nobody' : accountPot(contract[role]);
      if (from !== expected) broken(facts, target, `'${reason}' came astray`, { from, expected, to, amount });
    }
  }
}

function contractAt(facts: BlockFacts, id: ContractId): StorageContract {
  return (
    facts.view.get(contractSpace, id) ??
    broken(facts, id, 'coins in the pot of no contract', { postings: facts.postingsOf.get(id)?.length })
  );
}

function receiver(facts: BlockFacts, id: ContractId, role: Role | undefined): Pot {
  const contract = contractAt(facts, id);
  switch (role) {
    case undefined:
      return 'nobody';
    case 'burn':
      return BURN;
    case 'fees':
      return contract.origin?.kind === 'replacement' ? FEES : 'nobody';
    case 'client':
    case 'provider':
    case 'payout':
      return accountPot(contract[role]);
  }
  const [whose, pot] = role.split(' ');
  return `${pot}:${whose === 'own' ? id : contract.successor}`;
}
