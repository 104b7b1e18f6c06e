import { describe, expect, test } from '@jest/globals';
import { multiaddrToPeerId, multiaddrToPlace } from './net-place.js';

describe('multiaddrToPlace', () => {
  test.each([
    ['/ip4/203.0.113.9/tcp/1', '203.0.113.9', '203.0.113.0/24', '203.0.0.0/16', false, false],
    ['/ip4/127.9.9.9/tcp/1/p2p/x', '127.9.9.9', '127.9.9.0/24', '127.9.0.0/16', true, true],
    ['/ip4/172.16.0.1/tcp/1', '172.16.0.1', '172.16.0.0/24', '172.16.0.0/16', false, true],
    ['/ip4/172.32.0.1/tcp/1', '172.32.0.1', '172.32.0.0/24', '172.32.0.0/16', false, false],
    ['/ip6/2001:db8:1:2::5/tcp/1', '2001:db8:1:2:0:0:0:5', '2001:db8:1::/48', '2001:db8::/32', false, false],
    ['/ip6/::1/tcp/1', '0:0:0:0:0:0:0:1', '0:0:0::/48', '0:0::/32', true, true],
    ['/ip6/fd00::1/tcp/1', 'fd00:0:0:0:0:0:0:1', 'fd00:0:0::/48', 'fd00:0::/32', false, true],
    // one machine must not count as two because it has two spellings
    ['/ip6/::ffff:203.0.113.9/tcp/1', '203.0.113.9', '203.0.113.0/24', '203.0.0.0/16', false, false],
    ['/ip6/::ffff:cb00:7109/tcp/1', '203.0.113.9', '203.0.113.0/24', '203.0.0.0/16', false, false],
    [
      '/ip6/2001:DB8:0001:2:0:0:0:5/tcp/1',
      '2001:db8:1:2:0:0:0:5',
      '2001:db8:1::/48',
      '2001:db8::/32',
      false,
      false,
    ],
    ['/dns4/Node.Example/tcp/1', 'node.example', 'node.example', 'node.example', false, false],
  ])('%s', (text, address, subnet, group, isLoopback, isPrivate) => {
    expect(multiaddrToPlace(text)).toEqual({ address, subnet, group, isLoopback, isPrivate });
  });

  test.each([
    '',
    '/',
    '/p2p-circuit',
    '/ip4/1.2.3/tcp/1',
    '/ip4/1.2.3.256/tcp/1',
    '/ip6/1::2::3/tcp/1',
    '/ip6/g::/tcp/1',
    '/unix/a',
    '/ip4/10.1..3/tcp/1',
    '/ip4/0x7f.0.0.1/tcp/1',
    '/ip4/1e1.0.0.1/tcp/1',
    '/ip4/010.0.0.1/tcp/1',
    '/ip6/::ffff:1.2.3.999/tcp/1',
  ])('has none for %s', (text) => expect(multiaddrToPlace(text)).toBeUndefined());
});

test('the peer id of a relayed address is that of the peer behind the relay', () => {
  expect(multiaddrToPeerId('/ip4/1.2.3.4/tcp/1/p2p/RELAY/p2p-circuit/p2p/PEER')).toBe('PEER');
  expect(multiaddrToPeerId('/ip4/1.2.3.4/tcp/1')).toBeUndefined();
});
