import type { Offence } from './ports.js';

/** What a peer was doing when it broke a rule. */
export type OffenceContext = 'handshake' | 'message' | 'header' | 'block' | 'transaction' | 'answer';

interface OffenceRow {
  readonly context: OffenceContext;
  /** A rule id, or all of an area as `area/*`. */
  readonly rule: string;
  /** 0: refused and counted, nobody is to blame. */
  readonly weight: number;
  readonly why: string;
}

const row = (context: OffenceContext, rule: string, weight: number, why: string): OffenceRow => ({
  context,
  rule,
  weight,
  why,
});

/** Every offence there is. The first row that fits counts; docs/protocol/network.md shows the same table. */
export const OFFENCES: readonly OffenceRow[] = [
  row('handshake', 'peer/wrong-network', 100, 'it lives on another network'),
  row('handshake', 'peer/wrong-genesis', 100, 'its chain starts elsewhere'),
  row('handshake', 'peer/protocol-version', 100, 'it follows another version of the law'),
  row('handshake', 'peer/wire-version', 100, 'it speaks another version of the messages'),
  row('handshake', 'peer/self', 100, 'it is this node itself'),
  row('handshake', 'peer/hello-twice', 20, 'it introduced itself before'),
  row('handshake', 'peer/no-hello', 20, 'it asked before it introduced itself, or never did'),

  row('message', 'peer/empty-message', 20, 'a message without a single byte'),
  row('message', 'peer/unknown-message', 20, 'a code no message has'),
  row('message', 'peer/unexpected-message', 50, 'a message that has no place here'),
  row('message', 'codec/*', 50, 'a message that is not in its canonical form'),
  row('message', 'sync/empty-request', 10, 'a request for nothing'),
  row('message', 'sync/indexes', 50, 'places in a block that do not rise, or are beyond its end'),
  row('message', 'sync/short-ids', 50, 'short ids that are no whole number of them'),
  row('message', 'sync/duplicate-ids', 20, 'one id twice in a message'),

  row('header', 'node/time-too-new', 0, 'a clock runs wrong, perhaps our own'),
  row('header', 'block/unknown-parent', 0, 'a chain we do not have yet'),
  row('header', 'sync/low-work', 5, 'a chain that has less work than ours by far'),
  row('header', 'node/low-work-headers', 5, 'a branch longer than ours that is still not heavier'),
  row('header', 'sync/headers-length', 50, 'bytes that are no whole number of headers'),
  row(
    'header',
    'sync/headers-unlinked',
    100,
    'headers that do not follow one another, or what was asked for',
  ),
  row('header', 'sync/headers-changed', 100, 'other headers than those it showed before'),
  row('header', 'sync/announcement-root', 100, 'a coinbase the header does not commit to'),
  row('header', 'block/known-invalid', 100, 'a block that is known to be invalid'),
  row('header', 'block/invalid-parent', 100, 'a descendant of an invalid block'),
  row('header', 'header/*', 100, 'a header that breaks a rule, its work among them'),
  row('header', 'pow/*', 100, 'a target that is none'),
  row('header', 'codec/*', 100, 'no header'),

  row('block', 'node/time-too-new', 0, 'a clock runs wrong, perhaps our own'),
  row('block', 'block/unknown-parent', 0, 'a chain we do not have yet'),
  row('block', 'sync/wrong-block', 100, 'another block than the one asked for'),
  row('block', 'sync/body-mismatch', 100, 'a body its header does not commit to'),
  row('block', '*', 100, 'a block that breaks a rule'),

  row('transaction', 'sync/wrong-transaction', 50, 'another transaction than the one asked for'),
  row('transaction', 'codec/*', 50, 'no transaction'),
  row('transaction', 'tx/signature', 50, 'a signature that never was good'),
  row('transaction', 'tx/too-large', 50, 'larger than any transaction may be'),
  row('transaction', 'tx/unknown-kind', 50, 'of a kind the law does not know'),
  row('transaction', '*', 0, 'two honest nodes may differ about what waits'),

  row('answer', 'sync/timeout', 4, 'no answer in time; a slow honest peer may be late now and then'),
  row('answer', 'sync/peer-gone', 0, 'the connection ended'),
  row('answer', 'sync/aborted', 0, 'this node stopped asking'),
  row('answer', 'sync/answer-too-large', 50, 'more bytes than any right answer has'),
  row('answer', 'sync/empty-claim', 20, 'more work claimed than headers shown'),
  row('answer', 'sync/no-bodies', 10, 'the bodies of headers it showed are not to be had from it'),
  row('answer', 'sync/too-many-answers', 50, 'more items than were asked for'),
];

/** The offence a broken rule is in a context; weight 0 where it is nobody's fault. */
export function offenceOf(context: OffenceContext, rule: string): Offence {
  const area = `${rule.slice(0, rule.indexOf('/'))}/*`;
  const found = OFFENCES.find(
    (each) => each.context === context && (each.rule === rule || each.rule === area || each.rule === '*'),
  );
  return { rule, weight: found?.weight ?? 0 };
}
