import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { devnet, genesisBlock } from '#chain';
import { createNetworkLaw } from '#contracts';
import { nativeCrypto } from '#crypto-native';
import { createProtocolNames } from './protocol-names.js';
import { messageIdOf } from './streams/gossip.js';

describe('docs/protocol/network.md, Transport', () => {
  const document = readFileSync('docs/protocol/network.md', 'utf8');

  test('names the protocols of devnet as they are', () => {
    const names = createProtocolNames('devnet', genesisBlock(createNetworkLaw(devnet, nativeCrypto)).id);
    const prefix = names.request.replace('/request/1', '');
    expect(document).toContain(`On devnet the prefix is \`${prefix}\``);
    for (const name of [names.request, names.kademlia, ...Object.values(names.topics)])
      expect(document).toContain(`\`PREFIX${name.slice(prefix.length)}\``);
  });

  test('lists every rule the transport refuses by', () => {
    const rules = new Set<string>();
    for (const file of [
      'p2p-transport',
      'streams/request-server',
      'streams/gossip',
      'limits/connection-guard',
    ]) {
      const source = readFileSync(`libs/p2p/${file}.ts`, 'utf8');
      for (const [, rule] of source.matchAll(/'(p2p\/[a-z-]+)'/g)) rules.add(rule!);
    }
    rules.delete('p2p/bad-address'); // an operator's mistake, in docs/operate/network.md
    expect([...rules].filter((rule) => !document.includes(`\`${rule}\``))).toEqual([]);
    expect(rules.size).toBeGreaterThan(15);
  });
});

test('a message is named by its topic and content alone', () => {
  const bytes = new TextEncoder().encode('abc');
  const hex = (topic: string): string => Buffer.from(messageIdOf(topic, bytes)).toString('hex');
  // printf 'topic\0abc' | sha256sum
  expect(hex('topic')).toBe('3abc69be0674db95212e40044bbdec42ae88e1d7');
  expect(hex('other')).not.toBe(hex('topic'));
});
