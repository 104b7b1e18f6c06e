import {
  type AccountId,
  accountIdToAddress,
  addressToAccountId,
  devnet,
  EXTRANONCE_OFFSET,
  encodeHeader,
} from '#chain';
import { bytesToHex } from '#crypto';
import { createMiningWork, type MiningWork } from '#mining-work';
import { createMemoryChain } from '../../../chain/testing/memory-chain.js';
import { toCall } from '../../../libs/mining-rpc/call.js';
import { decodeSubmittedBlock } from '../../../libs/mining-rpc/submitted-block.js';
import { JobBook } from '../../../libs/stratum/job-book.js';
import { DEFAULT_STRATUM_LIMITS, type Fault } from '../../../libs/stratum/limits.js';
import { createLineReader } from '../../../libs/stratum/line-reader.js';
import { hexParam, parseMessage, textParam } from '../../../libs/stratum/messages.js';
import { StratumSession } from '../../../libs/stratum/session.js';
import { createVariableDifficulty } from '../../../libs/stratum/variable-difficulty.js';
import { FindingError, type FuzzTarget, textTarget } from '../fuzz-target.js';

const LINES = [
  '{"id":1,"method":"mining.subscribe","params":["miner/1.0",null]}',
  '{"id":2,"method":"mining.authorize","params":["dcairn1abc.rig","x"]}',
  '{"id":3,"method":"mining.configure","params":[["version-rolling"],{"version-rolling.mask":"1fffe000"}]}',
  '{"id":4,"method":"mining.submit","params":["w","1f","0000000000000001","6553a1b0","deadbeef","00002000"]}',
  '{"id":null,"result":true,"error":null}',
];

/** A little above the longest sample, so that a few bytes more are too many. */
const MAX_LINE_BYTES = 120;

/** A work at the easiest target, so that shares are good as often as they are bad. */
function easyWork(): MiningWork {
  const { block } = createMemoryChain().tip;
  const { header } = block;
  return createMiningWork({
    id: 'f'.repeat(32),
    height: 1,
    headerHex: bytesToHex(encodeHeader(header)),
    coinbaseHex: bytesToHex(block.coinbaseBytes),
    extranonceOffset: EXTRANONCE_OFFSET,
    targetHex: 'f'.repeat(64),
    minTimeSeconds: header.time,
    transactionCount: 0,
    fees: '0',
  });
}

/** A whole connection: every request is answered once, whatever came before, and no share counts twice. */
function sessionTarget(): FuzzTarget {
  const work = easyWork();
  const address = accountIdToAddress(devnet, '11'.repeat(20) as AccountId);
  const time = (work.template.minTimeSeconds + 1).toString(16).padStart(8, '0');
  const submit = (nonce: string): string =>
    JSON.stringify({ id: 4, method: 'mining.submit', params: [address, '1-1', '00'.repeat(8), time, nonce] });
  const opening = [
    '{"id":1,"method":"mining.subscribe","params":["miner/1.0"]}',
    `{"id":2,"method":"mining.authorize","params":["${address}","x"]}`,
  ];
  const encoder = new TextEncoder();
  return {
    name: 'stratum-session',
    form: 'text',
    samples: () => [
      encoder.encode([...opening, submit('00000000'), submit('00000001'), submit('00000001')].join('\n')),
      encoder.encode(
        [LINES[2], ...opening, '{"id":5,"method":"mining.suggest_difficulty","params":[1e-9]}'].join('\n'),
      ),
    ],
    async run(input) {
      const sent: string[] = [];
      const faults: Fault[] = [];
      let counted = 0;
      const jobs = new JobBook();
      jobs.add(work, 'tip', work.template.minTimeSeconds);
      const session = new StratumSession(
        new Uint8Array(4),
        createVariableDifficulty({
          start: 2 ** -31,
          sharesPerMinute: 1,
          range: () => ({ min: 2 ** -31, max: 2 ** -31 }),
          nowMs: 0,
        }),
        {
          limits: DEFAULT_STRATUM_LIMITS,
          jobs,
          payee: { account: (text) => addressToAccountId(devnet, text), paidTo: (account) => account },
          sink: { record: async () => undefined, found: async () => undefined },
          nowMs: () => 0,
          unixMs: () => work.template.minTimeSeconds * 1_000,
          send: (line) => void sent.push(line),
          faulty: (fault) => void faults.push(fault),
          counted: () => {
            counted += 1;
          },
          found: () => undefined,
        },
      );
      const lines = createLineReader(1_000).push(Uint8Array.from([...input, 10])) ?? [];
      let wanted = 0;
      for (const line of lines) {
        if (parseMessage(line).kind !== 'answer') wanted += 1;
        await session.handle(line);
      }
      const messages = sent.map((line) => JSON.parse(line) as { method?: string; result?: unknown });
      if (sent.some((line) => !line.endsWith('\n') || line.indexOf('\n') !== line.length - 1))
        throw new FindingError('what was sent is not one line each');
      const answers = messages.filter(({ method }) => method === undefined);
      if (answers.length !== wanted) throw new FindingError(`${wanted} requests, ${answers.length} answers`);
      const isGood = counted > 0 ? 'a share counts' : 'no share';
      return `${isGood}, ${faults.at(-1) ?? 'no fault'}`;
    },
  };
}

/** What miners send: lines of Stratum, JSON-RPC calls, blocks. */
export function miningTargets(): readonly FuzzTarget[] {
  const { block } = createMemoryChain().tip;
  const submitted = `${bytesToHex(block.bytes.slice(0, 80))}01${bytesToHex(block.coinbaseBytes)}`;
  return [
    sessionTarget(),
    textTarget({
      name: 'stratum-line',
      samples: () => LINES,
      read: (line) => {
        const message = parseMessage(line);
        if (message.kind !== 'request') return message.kind;
        for (let index = 0; index < 6; index++) {
          const text = textParam(message.params, index);
          if (text !== undefined && text.length > 256) throw new FindingError('a text above the limit');
          const hex = hexParam(message.params, index, 4);
          if (hex !== undefined && !/^[0-9a-f]{8}$/.test(hex)) throw new FindingError('no four bytes of hex');
        }
        return 'accepted';
      },
    }),
    {
      name: 'stratum-stream',
      form: 'text',
      samples: () => [new TextEncoder().encode(`${LINES.join('\n')}\n`)],
      run(input) {
        const whole = createLineReader(MAX_LINE_BYTES).push(input);
        const reader = createLineReader(MAX_LINE_BYTES);
        const pieces: string[] = [];
        for (let at = 0; at < input.length; at += 7) {
          const lines = reader.push(input.subarray(at, at + 7));
          if (lines === undefined) return 'too long';
          pieces.push(...lines);
        }
        if (whole === undefined || whole.join('\n') !== pieces.join('\n'))
          throw new FindingError('lines depend on how they arrive');
        return 'accepted';
      },
    },
    textTarget({
      name: 'mining-rpc-call',
      samples: () => [
        '{"id":1,"method":"getblocktemplate","params":[{"rules":["segwit"]}]}',
        `{"jsonrpc":"2.0","id":"a","method":"submitblock","params":["${submitted}"]}`,
      ],
      read: (text) => {
        let value: unknown;
        try {
          value = JSON.parse(text);
        } catch {
          return 'not JSON';
        }
        const call = toCall(value);
        return 'refused' in call ? 'refused' : 'accepted';
      },
    }),
    textTarget({
      name: 'mining-rpc-block',
      samples: () => [submitted],
      read: (text) => {
        const read = decodeSubmittedBlock(text);
        return read.ok ? 'accepted' : read.violation.rule;
      },
    }),
  ];
}
