import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { createOutput } from '../output/output.js';
import { createStatusLine } from '../output/status-line.js';
import { formatHashRate, minerStatusToText, watchMiner } from './watch-miner.js';

const status = {
  state: 'mining' as const,
  hashRate: 7_930_000,
  shares: 12,
  blocks: 1,
  stale: 0,
  refused: 0,
  height: 813,
  secondsPerBlock: 240,
};

test('a status reads as one line', () => {
  expect(minerStatusToText(status)).toBe(
    '7.93 MH/s | 12 shares | 1 block | a block about every 4 min | tip 812',
  );
  const poor = { ...status, hashRate: 0, stale: 2, refused: 1, height: null, secondsPerBlock: null };
  expect(minerStatusToText({ ...poor, state: 'away' })).toBe(
    '0 H/s | 12 shares | 1 block (2 stale, 1 refused) | the node does not answer; trying again',
  );
});

test.each([
  [0, '0 H/s'],
  [999, '999 H/s'],
  [1_000, '1.00 kH/s'],
  [8_312_345, '8.31 MH/s'],
  [2e21, '2.00e+6 PH/s'],
])('%d hashes a second are %s', (rate, text) => expect(formatHashRate(rate)).toBe(text));

test('the line is rewritten on a terminal, cut to its width, and elsewhere repeated every ten seconds', () => {
  const written: string[] = [];
  const write = (text: string) => written.push(text);
  const onTerminal = createStatusLine({ quiet: false, terminal: true, columns: 6, write });
  onTerminal.show('longer than that');
  onTerminal.clear();
  onTerminal.clear();
  expect(written.splice(0)).toEqual(['\r\u001b[Klonge', '\r\u001b[K']);
  let now = 0;
  const piped = createStatusLine({ quiet: false, terminal: false, write, nowMs: () => now });
  for (now = 0; now <= 20_000; now += 1_000) piped.show(`at ${now}`);
  expect(written.splice(0)).toEqual(['at 0\n', 'at 10000\n', 'at 20000\n']);
  createStatusLine({ quiet: true, terminal: true, write }).show('nothing');
  expect(written).toEqual([]);
});

test('a miner is watched until the signal, through answers that are none', async () => {
  let asked = 0;
  const stop = new AbortController();
  const server = createServer((_request, response) => {
    asked += 1;
    if (asked === 2) stop.abort();
    response.end(asked === 1 ? JSON.stringify(status) : 'not json');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const output = createOutput({ json: false, quiet: true, color: false });
    expect(await watchMiner(url, output, stop.signal)).toMatchObject(status);
    expect(asked).toBe(2);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
