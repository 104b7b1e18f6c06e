import type { KnownTransaction } from '#chain';
import { EASY, type RuleVectorFile, VectorBook, vectorParams } from '../../../chain/testing/rules/index.js';
import { transfersOfSize } from '../../../chain/testing/rules/transfers-of-size.js';
import { contractsModule } from '../../module.js';
import { createContractScenario } from '../contract-scenario.js';

const easyWork = EASY.changes as object;
/** A burn that is worth minting from a few bytes. */
const BURNING = {
  base: 'devnet',
  changes: { ...easyWork, mint: { burnPerGiBEpoch: '1000000000' } },
} as const;

/** What proofs mint, what the pool gives, and the half of a block that is theirs. */
export function moneyRules(): RuleVectorFile {
  const book = new VectorBook([contractsModule]);
  mints(book);
  reserve(book);
  return book.finish();
}

function mints(book: VectorBook): void {
  book.network('burning', BURNING);
  const scenario = createContractScenario({ params: vectorParams(BURNING), epochs: 3 });
  const { chain } = scenario;
  book.adopt('minting', 'burning', chain);
  scenario.form();
  const mint = (why: string): void => {
    const proof = scenario.proveTransaction({}, 2n);
    const { proofMint } = chain.template([proof]).coinbase;
    const wrong = (figure: bigint): void =>
      book.block(
        'coinbase/proof-mint',
        'refuse',
        `${why}: ${figure} where ${proofMint} is minted`,
        chain,
        [proof],
        {
          coinbase: { proofMint: figure },
        },
      );
    book.block('coinbase/proof-mint', 'accept', `${why}: ${proofMint}`, chain, [proof]);
    wrong(proofMint + 1n);
    if (proofMint > 0n) wrong(proofMint - 1n);
    chain.mineBlock([proof]);
  };
  scenario.openWindow(0);
  mint('the first proof of a lot');
  scenario.openWindow(1);
  mint('the second proof, which mints to the pool');
  const { poolDraw } = chain.template().coinbase;
  if (poolDraw === 0n) throw new Error('the vector needs a draw');
  book.block('coinbase/pool-draw', 'accept', `a sixtieth of the pool, rounded down: ${poolDraw}`, chain);
  for (const figure of [poolDraw + 1n, poolDraw - 1n])
    book.block('coinbase/pool-draw', 'refuse', `${figure} where ${poolDraw} is due`, chain, [], {
      coinbase: { poolDraw: figure },
    });
}

/** A small block, so that a few transfers fill what is free for all; a form must fit in that too. */
function reserve(book: VectorBook): void {
  const small = {
    base: 'devnet',
    changes: { ...easyWork, limits: { maxBlockBytes: 4_000, proofReserveBps: 8_000 } },
  } as const;
  book.network('mostly-proofs', small);
  const scenario = createContractScenario({
    params: vectorParams(small),
    epochs: 2,
    fragmentLengths: [1_024, 1_000],
  });
  const { chain, terms } = scenario;
  book.adopt('mostly-proofs', 'mostly-proofs', chain);
  scenario.form();
  scenario.openWindow(0);
  const proof = scenario.proveTransaction();
  const fill = (sizeBytes: number): readonly KnownTransaction[] =>
    transfersOfSize(chain, chain.faucet(), terms.client.account, sizeBytes);
  const why = 'where 800 are free for all';
  book.block('block/proof-reserve', 'accept', `transfers of 800 bytes ${why}, and a proof`, chain, [
    ...fill(800),
    proof,
  ]);
  book.block('block/proof-reserve', 'refuse', `transfers of 801 bytes ${why}, and a proof`, chain, [
    proof,
    ...fill(801),
  ]);
}
