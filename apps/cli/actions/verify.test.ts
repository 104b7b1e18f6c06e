import { describe, expect, test } from '@jest/globals';
import { readNodes } from './verify.js';

describe('--node', () => {
  test('names one node or several', () => {
    expect(readNodes(undefined)).toBeUndefined();
    expect(readNodes('http://a:7101/')).toEqual(['http://a:7101']);
    expect(readNodes('http://a:7101\nhttps://b')).toEqual(['http://a:7101', 'https://b']);
  });

  test.each(['', 'nonsense', 'localhost:7101', 'ftp://a', 'http://', 'http://a\n'])('is not %j', (text) => {
    expect(() => readNodes(text)).toThrow(expect.objectContaining({ code: 'cli/bad-node' }));
  });
});
