import { get } from './api.js';
import { el } from './dom.js';
import { badge, bytes, coins, count, link } from './format.js';
import { card, facts, table } from './parts.js';

/** How an epoch was challenged and proven: everything that checking it again needs. */
export async function epochView(argument) {
  const [id = '', epoch = ''] = argument.split('.');
  const proof = await get(`contracts/${encodeURIComponent(id)}/proofs/${encodeURIComponent(epoch)}`);
  const { challenge, transaction, explanation } = proof;
  const kinds = { proven: 'good', missed: 'bad', open: 'warn' };
  return {
    node: el(
      'div',
      {},
      el('h1', {}, `Epoch ${proof.epoch} `, badge(proof.outcome, kinds[proof.outcome] ?? 'plain')),
      el('p', { class: 'lead' }, 'of contract ', link('contract', proof.contract)),
      card(
        'Challenge',
        challenge === null
          ? el('p', { class: 'quiet' }, 'It was not challenged.')
          : facts([
              ['Block', link('block', String(challenge.height), count(challenge.height))],
              ['Its id seeds the draws', el('span', { class: 'mono' }, challenge.blockId)],
              ['Proof accepted', `blocks ${count(challenge.opensAt)} to ${count(challenge.closesAt)}`],
              ['Root to be proven', el('span', { class: 'mono' }, challenge.root)],
              ['Fragments and chunks', `${count(challenge.leafCount)}, ${count(challenge.totalChunks)}`],
              ['Pays', coins(challenge.tranche)],
              transaction && ['Proof', link('tx', transaction.id)],
              explanation && [
                'Size',
                `${bytes(explanation.sizes.proofBytes)}; ${bytes(explanation.sizes.unsharedBytes)} if nothing were shared`,
              ],
              explanation && [
                'Verdict',
                explanation.violation === null
                  ? badge('right', 'good')
                  : badge(`breaks ${explanation.violation}`, 'bad'),
              ],
            ]),
      ),
      explanation === null
        ? ''
        : card(
            undefined,
            table(
              'Draws',
              [
                { name: 'Draw', number: true },
                { name: 'Chunk', number: true },
                { name: 'Leaf', number: true },
                { name: 'Fragment' },
                { name: 'Its chunk', number: true },
                { name: 'Verdict' },
              ],
              explanation.draws.map((draw) => [
                String(draw.draw),
                count(draw.chunk),
                draw.leafIndex === null ? '' : String(draw.leafIndex),
                draw.fragment === null ? '' : link('fragment', draw.fragment),
                draw.chunkInFragment === null ? '' : String(draw.chunkInFragment),
                badge(
                  draw.verdict,
                  draw.verdict === 'proven' ? 'good' : draw.verdict === 'tombstone' ? 'plain' : 'bad',
                ),
              ]),
            ),
            el(
              'p',
              { class: 'quiet' },
              'Nobody has to believe this: ',
              el('code', {}, `cairn proof ${proof.contract} ${proof.epoch} --verify`),
            ),
          ),
    ),
  };
}
