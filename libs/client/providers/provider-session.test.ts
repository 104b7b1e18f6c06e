import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { type ContractId, devnet, type FragmentId } from '#chain';
import { newPhrase } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import { decodeTicket, TICKET_HEADER } from '#wire';
import { createIdentity } from '../identity.js';
import { createHttpAgent } from './http.js';
import { ProviderSession } from './provider-session.js';

test('a session that lasts longer than its ticket goes on with a new one', async () => {
  const expiries: number[] = [];
  const server = createServer((request, response) => {
    const header = request.headers[TICKET_HEADER.toLowerCase()];
    const ticket = decodeTicket(Buffer.from(String(header), 'base64url'));
    if (ticket.ok) expiries.push(Number(ticket.value.ticket.expiresAt));
    response.writeHead(404, { 'content-length': 2 }).end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const agent = createHttpAgent();
  let nowMs = 1_800_000_000_000;
  try {
    const identity = createIdentity(nativeCrypto, devnet, newPhrase(new Uint8Array(16)));
    const session = new ProviderSession(
      { params: devnet, crypto: nativeCrypto, identity, nowMs: () => nowMs, requestTimeoutMs: 5_000 },
      {
        agent,
        baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        providerKey: identity.wallet.publicKey,
        contract: '11'.repeat(32) as ContractId,
        budgetBytes: 1n << 20n,
      },
    );
    const ask = () => session.getFragment('22'.repeat(32) as FragmentId, 10).catch(() => undefined);
    for (const laterHours of [0, 1, 5, 7, 24]) {
      nowMs = 1_800_000_000_000 + laterHours * 3_600_000;
      await ask();
      expect(expiries.at(-1)).toBeGreaterThan(nowMs / 1000 + 500);
    }
    // The same one as long as it holds.
    expect(new Set(expiries).size).toBe(3);
  } finally {
    agent.destroy();
    server.close();
    server.closeAllConnections();
  }
});
