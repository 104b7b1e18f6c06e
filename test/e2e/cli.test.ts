import { spawn } from 'node:child_process';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { requireCounterpart } from '../counterparts.js';
import { cliJson, runCli, startCli } from './support/cli.js';
import { TestNetwork } from './support/network.js';
import { newFolder, newPerson, type Person } from './support/people.js';
import { waitUntil } from './support/wait.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-cli-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('a command line that is wrong: exit code 2, the closest name', () => {
  test.each([
    [['pt', 'x'], "Unknown command 'pt'", 'put'],
    [['wallet', 'blance'], "Unknown command 'blance' of cairn wallet", 'balance'],
    [['put', 'x', '--epocs', '3'], "Unknown option '--epocs'", '--epochs'],
    [['ls', '--date-dir', 'x'], "Unknown option '--date-dir'", '--data-dir'],
    [['get'], "Missing required argument 'name'", undefined],
    [['put', 'x', '--profile'], 'argument missing', undefined],
    [['ls', 'a', 'b'], 'Too many arguments', undefined],
  ])('%j', async (args, what, closest) => {
    const { code, stdout, stderr } = await runCli(args, { dataDir: folder });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(what);
    if (closest === undefined) expect(stderr).not.toContain('Did you mean');
    else expect(stderr).toContain(`Did you mean ${closest}?`);
    expect(stderr).toMatch(/\[cli\/usage\]\n {2}next: .*See `cairn .*--help`/);
  });

  test('a wrong value is named with what is possible', async () => {
    const wrong = async (...args: string[]) => (await runCli(args, { dataDir: folder })).stderr;
    expect(await wrong('wallet', 'send', 'dcairn1x', 'lots')).toContain("'lots' is no amount of coins");
    expect(await wrong('completion', 'tcsh')).toContain('Name one of bash, zsh, fish');
    expect(await wrong('ls', '--network', 'tesnet')).toContain('did you mean testnet?');
  });
});

describe('the contract of --json and of exit codes', () => {
  test('an error under --json is one line of JSON on stderr, nothing on stdout', async () => {
    const { code, stdout, stderr } = await runCli(['--json', 'ls'], { dataDir: join(folder, 'none') });
    expect([code, stdout]).toEqual([78, '']);
    expect(JSON.parse(stderr)).toMatchObject({
      error: { code: 'keystore/missing', next: expect.stringContaining('cairn keys new'), exitCode: 78 },
    });
  });

  test('no node: 69; one that is silent: 75; a server that is none: 69', async () => {
    const { code, stderr } = await runCli(['node', 'status'], { dataDir: folder });
    expect([code, stderr]).toEqual([69, expect.stringMatching(/\[node\/unreachable\]\n {2}next: /)]);
    const silent = createServer(() => undefined);
    const strange = createServer((_request, response) => response.end('hello'));
    for (const server of [silent, strange])
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const ask = (server: typeof silent) =>
      runCli(['node', 'status'], {
        dataDir: folder,
        nodeUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        env: { CAIRN_REQUEST_TIMEOUT: '500ms' },
      });
    expect((await ask(silent)).code).toBe(75);
    expect((await ask(strange)).code).toBe(69);
    const other = createServer((_request, response) => {
      response.writeHead(404, { 'content-type': 'application/problem+json' });
      response.end(JSON.stringify({ code: 'http/not-found', detail: 'Cannot GET /node/v1/status' }));
    });
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
    const refused = await ask(other);
    expect([refused.code, refused.stderr]).toEqual([
      69,
      expect.stringMatching(/is no chain node\. \[node\/not-a-node\]\n {2}next: .*--node-url/),
    ]);
    for (const server of [silent, strange, other]) {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    }
  });

  test('a mistyped setting in the environment: 78, named with the closest', async () => {
    const { code, stderr } = await runCli(['ls'], { dataDir: folder, env: { CAIRN_NETWROK: 'devnet' } });
    expect([code, stderr]).toEqual([78, expect.stringContaining('did you mean CAIRN_NETWORK?')]);
  });

  test('a reader that goes away is no error', async () => {
    const command = `"${process.execPath}" dist/apps/cli/main.js completion fish | head -c 10`;
    const child = spawn('sh', ['-c', command], { stdio: ['ignore', 'pipe', 'pipe'] });
    const errors: Buffer[] = [];
    child.stderr.on('data', (part: Buffer) => errors.push(part));
    child.stdout.resume();
    await new Promise((done) => child.once('close', done));
    expect(Buffer.concat(errors).toString()).toBe('');
  });
});

requireCounterpart('script').describe('questions on a terminal', () => {
  /** Runs a command with a terminal of its own, and types once it asks. */
  const onTerminal = async (args: string, typed: readonly string[], dataDir: string) => {
    const command = `'${process.execPath}' '${resolve('dist/apps/cli/main.js')}' ${args}`;
    const child = spawn(requireCounterpart('script').path, ['-qec', command, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, CAIRN_DATA_DIR: dataDir, CAIRN_NETWORK: 'devnet', NO_COLOR: '1' },
    });
    const answers = [...typed];
    let said = '';
    let read = 0;
    child.stdin.on('error', () => undefined);
    child.stdout.on('data', (part: Buffer) => {
      said += part.toString('utf8');
      const asked = /(Passphrase|again|Show it)[^:?]*[:?]/.exec(said.slice(read));
      if (asked === null || answers.length === 0) return;
      read += asked.index + asked[0].length;
      child.stdin.write(answers.shift() ?? '');
    });
    const code = await new Promise<number | null>((done) => child.once('close', done));
    return { code, said };
  };

  test('a passphrase is asked for twice and never shown; Ctrl-C and Ctrl-D end with 130', async () => {
    const dataDir = join(folder, 'terminal');
    for (const key of ['\x03', '\x04']) {
      const stopped = await onTerminal('keys new', [key], dataDir);
      expect([stopped.code, stopped.said]).toEqual([130, expect.stringContaining('[cli/interrupted]')]);
    }
    const differing = await onTerminal('keys new', ['one\n', 'two\n'], dataDir);
    expect([differing.code, differing.said]).toEqual([
      2,
      expect.stringContaining('[cli/passphrases-differ]'),
    ]);
    const made = await onTerminal('keys new', ['open sesame\n', 'open sesame\n'], dataDir);
    expect([made.code, made.said]).toEqual([0, expect.stringContaining('Kept in')]);
    expect(made.said).not.toContain('sesame');
    const shown = await onTerminal('keys show', ['open sesame\n', 'y\n'], dataDir);
    expect([shown.code, shown.said]).toEqual([0, expect.stringMatching(/dcairn1/)]);
    const refused = await onTerminal('keys show', ['open sesame\n', '\x03'], dataDir);
    expect(refused.code).toBe(130);
    expect(refused.said).not.toContain('dcairn1');
  }, 60_000);
});

describe('keys', () => {
  test('new, show and import: the same address; never overwritten; a passphrase is needed and enough', async () => {
    const options = { dataDir: join(folder, 'keys'), env: { CAIRN_PASSPHRASE: 'correct horse' } };
    const made = await cliJson<Record<string, string>>(['keys', 'new'], options);
    expect(made).toMatchObject({ network: 'devnet', encrypted: true });
    expect(made['phrase']?.split(' ')).toHaveLength(12);
    expect(await readFile(made['keystore'] ?? '', 'utf8')).not.toContain(made['phrase']?.split(' ')[0]);
    const again = await runCli(['keys', 'new'], options);
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('never overwritten')]);

    expect((await runCli(['keys', 'show'], options)).code).toBe(2);
    const shown = await cliJson<Record<string, string>>(['keys', 'show', '--yes'], options);
    expect(shown).toEqual({ phrase: made['phrase'], address: made['address'], network: 'devnet' });
    const wrong = { ...options, env: { CAIRN_PASSPHRASE: 'wrong' } };
    expect((await runCli(['wallet', 'address'], wrong)).code).toBe(77);
    expect((await runCli(['wallet', 'address'], { ...options, env: { CAIRN_PASSPHRASE: '' } })).code).toBe(
      77,
    );

    const elsewhere = { dataDir: join(folder, 'elsewhere'), input: `  ${made['phrase']?.toUpperCase()}\n` };
    await cliJson(['keys', 'import', '--file', '-'], elsewhere);
    expect(await cliJson(['wallet', 'address'], elsewhere)).toMatchObject({ address: made['address'] });
    const bad = await runCli(['keys', 'import'], {
      dataDir: join(folder, 'bad'),
      input: 'abandon about zzz\n',
    });
    expect([bad.code, bad.stderr]).toEqual([65, expect.stringContaining('[keys/bad-phrase]')]);
    expect(bad.stderr).not.toContain('abandon about');
  }, 90_000);
});

describe('what other tools read', () => {
  test('completions parse in bash and name every command', async () => {
    const { stdout } = await runCli(['completion', 'bash'], { dataDir: folder });
    const file = join(folder, 'completion.bash');
    await writeFile(file, stdout);
    const script = `source ${file}; COMP_WORDS=(cairn contracts end --u); COMP_CWORD=3; _cairn; echo "\${COMPREPLY[*]}"
      COMP_WORDS=(cairn wa); COMP_CWORD=1; _cairn; echo "\${COMPREPLY[*]}"`;
    expect(await outputOf('bash', ['-c', script])).toBe('--unused\nwallet\n');
  });

  test('help of every command is there, and starts fast', async () => {
    for (const args of [['--help'], ['put', '--help'], ['help', 'get'], ['wallet', 'send', '-h']]) {
      const { code, stdout, stderr } = await runCli(args, { dataDir: folder });
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toContain('Usage: cairn');
    }
  });
});

describe('against a network', () => {
  let network: TestNetwork;
  let person: Person;
  beforeAll(async () => {
    network = await TestNetwork.start({ providers: 1 });
    person = await newPerson(network);
  }, 120_000);
  afterAll(async () => {
    await network.stop();
    expect(network.runningProcesses()).toEqual([]);
    await expect(access(network.folder)).rejects.toMatchObject({ code: 'ENOENT' });
  }, 60_000);

  test('coins are sent once, arrive, and are in the history of both', async () => {
    const other = await newPerson(network, 0n);
    const sent = await cliJson<{ transaction: string; amount: string; fee: string }>(
      ['wallet', 'send', other.address, '1.5', '--memo', 'rent'],
      person.cli,
    );
    expect(sent.amount).toBe('1500000000');
    expect(await cliJson(['wallet'], other.cli)).toMatchObject({ balance: '1500000000' });
    const mine = await cliJson<{ balance: string }>(['wallet', 'balance'], person.cli);
    expect(BigInt(mine.balance)).toBe(100n * 10n ** 9n - 1_500_000_000n - BigInt(sent.fee));
    await waitUntil('the index', 30_000, async () => {
      const { postings } = await cliJson<{ postings: { signed: string }[] }>(
        ['wallet', 'history'],
        other.cli,
      );
      return postings.some(({ signed }) => signed === '1500000000');
    });
    const tooMuch = await runCli(['wallet', 'send', other.address, '99999'], person.cli);
    expect([tooMuch.code, tooMuch.stderr]).toEqual([1, expect.stringContaining('[wallet/too-little]')]);
  }, 60_000);

  test('the supply balances; the node says where it is; contracts of nobody are none', async () => {
    expect(await cliJson(['supply'], person.cli)).toMatchObject({ balanced: true, differences: [] });
    expect(await cliJson(['node', 'status'], person.cli)).toMatchObject({ network: 'devnet' });
    expect(await cliJson(['contracts'], person.cli)).toEqual({ contracts: [] });
    expect(await cliJson(['payouts'], person.cli)).toMatchObject({ payouts: [], total: '0' });
    const unknown = await runCli(['contracts', '00'.repeat(32)], person.cli);
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('[contract/unknown]')]);
  }, 60_000);

  test('a provider is made, run, asked and stopped; Ctrl-C leaves no process', async () => {
    const dataDir = await newFolder(network, 'operator-');
    const cli = { dataDir, nodeUrl: network.nodeUrl, env: { CAIRN_PROVIDER_PORT: '0' } };
    const made = await cliJson<{ address: string }>(['provider', 'init'], cli);
    await network.fund(made.address, 10n ** 12n);
    const run = startCli(['provider', 'run', '--json'], cli);
    const ready = await firstLine<{ pid: number; addresses: { url: string; address: string } }>(run.child);
    try {
      expect(ready.addresses.address).toBe(made.address);
      const port = new URL(ready.addresses.url).port;
      const asked = await cliJson<{ address: string }>(['provider', 'status', '--provider-port', port], cli);
      expect(asked.address).toBe(made.address);
      const stranger = { ...cli, dataDir: await newFolder(network, 'operator-') };
      const { address } = await cliJson<{ address: string }>(['provider', 'init'], stranger);
      const mistaken = await runCli(['provider', 'status', '--provider-port', port], stranger);
      expect([mistaken.code, mistaken.stdout]).toEqual([78, '']);
      expect(mistaken.stderr).toContain(`another provider answers: ${made.address}`);
      expect(mistaken.stderr).toContain(`is ${address}. [config/other-provider]`);
      await waitUntil('its offer on chain', 30_000, async () => {
        const seen = await cliJson<{ offer: object | null }>(
          ['provider', 'status', '--provider', made.address],
          cli,
        );
        return seen.offer !== null;
      });
    } finally {
      run.child.kill('SIGINT');
    }
    expect((await run.result).code).toBe(0);
    expect(isAlive(ready.pid)).toBe(false);
  }, 90_000);

  test('mining pays the keystore’s address; a killed command line takes its miner with it', async () => {
    const miner = await newPerson(network, 0n);
    await network.stopMiner();
    const run = startCli(['mine', '--json'], miner.cli);
    const { pid } = await firstLine<{ pid: number }>(run.child);
    try {
      await waitUntil('a block of one’s own', 60_000, async () => {
        const view = await cliJson<{ immature: string; balance: string }>(['wallet'], miner.cli);
        return BigInt(view.immature) + BigInt(view.balance) > 0n;
      });
    } finally {
      run.child.kill('SIGKILL');
      await run.result;
    }
    await waitUntil('the miner to notice', 20_000, () => !isAlive(pid));

    const again = startCli(['mine', '--json', '--threads', '1', '--address', miner.address], miner.cli);
    const begun = await firstLine<{ pid: number }>(again.child);
    try {
      const heightOf = async () =>
        (await cliJson<{ tip: { height: number } }>(['node', 'status'], miner.cli)).tip.height;
      const from = await heightOf();
      await waitUntil('two more blocks', 60_000, async () => (await heightOf()) >= from + 2);
    } finally {
      again.child.kill('SIGINT');
    }
    const { code, stdout } = await again.result;
    expect(code).toBe(0);
    expect(isAlive(begun.pid)).toBe(false);
    const last = JSON.parse(stdout.toString().trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
    expect(last).toMatchObject({ address: miner.address, refused: 0, secondsPerBlock: expect.any(Number) });
  }, 180_000);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function firstLine<T>(child: ReturnType<typeof startCli>['child']): Promise<T> {
  return new Promise((done, fail) => {
    let text = '';
    child.stdout?.on('data', (part: Buffer) => {
      text += part.toString();
      if (text.includes('\n')) done(JSON.parse(text.split('\n', 1)[0] ?? '') as T);
    });
    child.once('close', () => fail(new Error(`it ended without a line: ${text}`)));
  });
}

function outputOf(file: string, args: readonly string[]): Promise<string> {
  return new Promise((done, fail) => {
    const child = spawn(file, args, { cwd: resolve('.'), stdio: ['ignore', 'pipe', 'inherit'] });
    const parts: Buffer[] = [];
    child.stdout.on('data', (part: Buffer) => parts.push(part));
    child.once('error', fail);
    child.once('close', () => done(Buffer.concat(parts).toString()));
  });
}
