import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  APPS,
  closestName,
  formatSize,
  type LoadConfigOptions,
  loadConfig,
  parseDuration,
  parseSize,
  SETTINGS,
  type Setting,
  settingsToMarkdown,
  splitSettingFlags,
} from './index.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-config-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

function load(options: Partial<LoadConfigOptions> = {}) {
  return loadConfig({ app: 'provider', env: {}, ...options });
}

function errorOf(options: Partial<LoadConfigOptions>): {
  code: string;
  message: string;
  next: string;
  data: Record<string, unknown>;
} {
  try {
    load(options);
  } catch (error) {
    return error as ReturnType<typeof errorOf>;
  }
  throw new Error('nothing was refused');
}

async function file(content: string): Promise<string> {
  const path = join(folder, `${Math.abs(content.length)}-${content.slice(0, 20).replaceAll(/\W/g, '')}.json`);
  await writeFile(path, content);
  return path;
}

describe('the order of sources', () => {
  test('is default, file, environment, flag', async () => {
    const path = await file(
      '{"providerPort": 1, "providerPrice": "2", "network": "testnet", "minerShare": 0.5, "noColor": true}',
    );
    expect(load({ file: path })).toMatchObject({
      providerPort: 1,
      providerPrice: 2n,
      network: 'testnet',
      noColor: true,
    });
    const env = { CAIRN_PROVIDER_PORT: '10', CAIRN_PROVIDER_PRICE: '20', CAIRN_NETWORK: '' };
    const config = load({ file: path, env, argv: ['--provider-port', '100'] });
    expect(config).toMatchObject({
      providerPort: 100,
      providerPrice: 20n,
      network: 'testnet',
      nodePort: 7101,
      minerShare: 0.5,
    });
  });

  test('gives typed values, unset ones undefined', () => {
    const config = load({
      env: {
        CAIRN_PROVIDER_CAPACITY: '1.5TiB',
        CAIRN_NODE_URL: 'http://node:1/',
        CAIRN_REQUEST_TIMEOUT: '2m',
        CAIRN_ALLOWED_HOSTS: 'node.example, proxy_1',
      },
    });
    expect(config.providerCapacity).toBe(1.5 * 2 ** 40);
    expect(config.nodeUrl).toBe('http://node:1');
    expect(config.requestTimeoutMs).toBe(120_000);
    expect(config.allowedHosts).toEqual(['node.example', 'proxy_1']);
    expect(config.redisUrl).toBeUndefined();
    expect(config.dataDir).toBe(join(homedir(), '.cairn'));
    expect(load({ env: { HOME: '/home/ada', CAIRN_DATA_DIR: '~/x' } }).dataDir).toBe('/home/ada/x');
  });

  test('the file may be named by flag or environment', async () => {
    const path = await file('{"providerPrice": 77}');
    expect(load({ argv: [`--config=${path}`] }).providerPrice).toBe(77n);
    expect(load({ env: { CAIRN_CONFIG: path } }).providerPrice).toBe(77n);
  });
});

describe('a mistyped setting', () => {
  test('in the environment: named, with the closest known name', () => {
    const error = errorOf({ env: { CAIRN_NETWROK: 'devnet' } });
    expect(error.code).toBe('config/unknown-setting');
    expect(error.message).toContain('CAIRN_NETWROK');
    expect(error.message).toContain('"devnet"');
    expect(error.next).toContain('CAIRN_NETWORK');
  });

  test('of value: named, with the value, the allowed ones and the closest', () => {
    const error = errorOf({ env: { CAIRN_NETWORK: 'tesnet' } });
    expect(error).toMatchObject({
      code: 'config/bad-value',
      data: { setting: 'CAIRN_NETWORK', value: 'tesnet', closest: 'testnet' },
    });
    expect(error.message).toContain('"tesnet"');
    expect(error.next).toBe('allowed: devnet, testnet, mainnet; did you mean testnet?');
  });

  test('as a flag', () => {
    expect(errorOf({ argv: ['--provider-prot=1'] }).next).toContain('--provider-port');
    expect(errorOf({ argv: ['--network'] })).toMatchObject({
      code: 'config/bad-value',
      message: '--network needs a value',
    });
    expect(errorOf({ argv: ['status'] }).message).toContain('argument status');
    const foreign = errorOf({ argv: ['--database-url', 'sqlite'] });
    expect(foreign.message).toBe('flag --database-url is no setting of provider');
    expect(foreign.next).toContain('chain-node');
  });

  test('in the file', async () => {
    const path = await file('{"provider": 1}');
    expect(errorOf({ file: path }).message).toContain(`provider in ${path}`);
    const bad = await file('{"providerPort": 70000}');
    expect(errorOf({ file: bad }).message).toContain(`providerPort in ${bad} is "70000"`);
    expect(errorOf({ file: await file('{"providerPort": {"a": 1}}') })).toMatchObject({
      code: 'config/bad-value',
    });
    expect(errorOf({ file: await file('{oops') })).toMatchObject({ code: 'config/file-unreadable' });
    expect(errorOf({ file: await file('[]') })).toMatchObject({ code: 'config/file-unreadable' });
    expect(errorOf({ file: join(folder, 'none.json') })).toMatchObject({ code: 'config/file-unreadable' });
  });

  test('never shows a secret', () => {
    const values = [
      errorOf({ env: { REDIS_URL: 'http://:geheim@host' } }),
      errorOf({ env: { CAIRN_PASPHRASE: 'geheim' } }),
      errorOf({ argv: ['--passphrase-typo=geheim'] }),
    ];
    for (const error of values)
      expect(`${error.message} ${error.next} ${JSON.stringify(error.data)}`).not.toContain('geheim');
  });

  test.each([
    ['CAIRN_PROVIDER_PORT', ['65536', '-1', '80a', '1.5', ' ']],
    ['CAIRN_MINER_SHARE', ['0', '256.5', '5%', 'all', '-1']],
    ['CAIRN_PROVIDER_PRICE', ['-1', '1.5', '9223372036854775808', '1e3']],
    ['CAIRN_PROVIDER_CAPACITY', ['10 GiBs', '-1GiB', '0.3B', '99999999PiB', 'many']],
    ['CAIRN_LOG_FORMAT', ['xml', 'JSON']],
    ['CAIRN_NODE_URL', ['node:7101', 'ftp://x', '127.0.0.1', 'http://']],
    ['REDIS_URL', ['localhost:6379', 'redis://']],
    ['DATABASE_URL', ['mysql://x', 'sqlite:', 'postgres://']],
    ['CAIRN_REQUEST_TIMEOUT', ['30', '1 week']],
    ['CAIRN_HOST', ['a b', 'http://x']],
    [
      'CAIRN_P2P_BOOTSTRAP',
      ['node.example:7104', '/ip4/1.2.3.4', '/ip4/1.2.3.4/udp/1', '/ip4/1.2.3.4/tcp/1,'],
    ],
    ['CAIRN_P2P_HOST', ['node.example', '/ip4/1.2.3.4']],
    ['CAIRN_ALLOWED_HOSTS', ['a b', 'a,', 'http://x', 'a:80', '*', '.a']],
  ])('%s refuses what makes no sense', (name, values) => {
    for (const value of values)
      expect(errorOf({ env: { [name]: value } })).toMatchObject({ code: 'config/bad-value' });
  });
});

describe('the table', () => {
  const rows = Object.entries(SETTINGS) as [string, Setting<unknown>][];

  test('has no name twice, and every default is allowed', () => {
    for (const field of ['env', 'flag'] as const)
      expect(new Set(rows.map(([, row]) => row[field])).size).toBe(rows.length);
    for (const app of APPS) expect(() => loadConfig({ app, env: {}, argv: [] })).not.toThrow();
  });
});

test('docs/config.md is the table as it is', async () => {
  const written = await readFile(new URL('../../../docs/config.md', import.meta.url), 'utf8');
  expect(written).toBe(settingsToMarkdown());
});

describe('a command line', () => {
  test('is parted into settings and the rest', () => {
    expect(
      splitSettingFlags([
        'put',
        '--network',
        'devnet',
        './photos',
        '--json',
        '--log-level=warn',
        '--no-color',
        'x',
      ]),
    ).toEqual({
      settings: ['--network', 'devnet', '--log-level=warn', '--no-color'],
      rest: ['put', './photos', '--json', 'x'],
    });
    expect(splitSettingFlags(['get', '--', '--network'])).toEqual({
      settings: [],
      rest: ['get', '--', '--network'],
    });
    expect(loadConfig({ app: 'cli', env: {}, argv: ['--no-color'] }).noColor).toBe(true);
  });
});

describe('quantities', () => {
  test.each([
    ['10GiB', 10 * 2 ** 30],
    ['1.5 MB', 1_500_000],
    ['4096', 4096],
    ['0', 0],
    ['2k', 2048],
    ['1TB', 1e12],
    ['1b', 1],
  ])('parseSize(%s)', (text, expected) => expect(parseSize(text)).toBe(expected));

  test.each(['', 'GiB', '1 XiB', '1.5B', '-1', '1e3', '0x10', 'Infinity', '1GiB 2'])(
    'parseSize refuses %s',
    (text) => expect(parseSize(text)).toBeUndefined(),
  );

  test.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['1.5h', 5_400_000],
    ['1d', 86_400_000],
  ])('parseDuration(%s)', (text, expected) => expect(parseDuration(text)).toBe(expected));

  test.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1 KiB'],
    [1.5 * 2 ** 30, '1.5 GiB'],
    [2 ** 20 - 1, '1 MiB'],
    [10n * 2n ** 30n, '10 GiB'],
  ])('formatSize(%s)', (bytes, expected) => expect(formatSize(bytes)).toBe(expected));

  test('a formatted size is read back within its rounding', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 50 }), (bytes) => {
        const text = formatSize(bytes);
        const back = parseSize(text) ?? Number.NaN;
        // Two decimals of at least one whole unit.
        expect(Math.abs(back - bytes)).toBeLessThanOrEqual(bytes / 200 + 1);
      }),
      { verbose: true },
    );
  });

  test('the closest name', () => {
    expect(closestName('netwrok', ['network', 'node'])).toBe('network');
    expect(closestName('zzzzzz', ['network', 'node'])).toBeUndefined();
    expect(closestName('offf', ['on', 'off'])).toBe('off');
  });
});
