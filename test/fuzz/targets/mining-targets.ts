import { bytesToHex } from '#crypto';
import { createMemoryChain } from '../../../chain/testing/memory-chain.js';
import { toCall } from '../../../libs/mining-rpc/call.js';
import { decodeSubmittedBlock } from '../../../libs/mining-rpc/submitted-block.js';
import { createLineReader } from '../../../libs/stratum/line-reader.js';
import { hexParam, parseMessage, textParam } from '../../../libs/stratum/messages.js';
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

/** What miners send: lines of Stratum, JSON-RPC calls, blocks. */
export function miningTargets(): readonly FuzzTarget[] {
  const { block } = createMemoryChain().tip;
  const submitted = `${bytesToHex(block.bytes.slice(0, 80))}01${bytesToHex(block.coinbaseBytes)}`;
  return [
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
