import { describe, expect, test } from '@jest/globals';
import { requireCounterpart } from './counterparts.js';

describe('requireCounterpart', () => {
  test('refuses a program that nobody listed, naming the list', () => {
    expect(() => requireCounterpart('no-such-program')).toThrow(
      /"no-such-program".*test\/counterparts\.json/,
    );
  });
});

// The rest is shown in the open: on a machine with redis-server both of these run.
const redis = requireCounterpart('redis-server');
redis.describe('with redis-server', () => {
  test('the path is the program', () => {
    expect(redis.path).toMatch(/redis-server$/);
  });
});
