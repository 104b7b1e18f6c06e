import { spawn } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Mutant, mutantsOf } from './mutants.js';

/**
 * `npm run mutation`: takes every rule of the law away, one at a time, in a copy of the built code, and replays the
 * vectors on what is left. A mutant that no vector notices is a hole in the vectors, or a change without effect; the
 * second kind is listed with its reason in docs/protocol/vectors.md.
 */
const root = fileURLToPath(new URL('../../../', import.meta.url));
const RUNS = 2;
const TIMEOUT_MS = 60_000;

/** A copy of the built law that a mutant may be written into. */
function createCopy(): string {
  const copy = mkdtempSync(join(tmpdir(), 'cairn-mutation-'));
  for (const folder of ['chain', 'contracts', 'test/mutation'])
    cpSync(join(root, 'dist', folder), join(copy, 'dist', folder), { recursive: true });
  symlinkSync(join(root, 'dist/libs'), join(copy, 'dist/libs'));
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  cpSync(join(root, 'package.json'), join(copy, 'package.json'));
  for (const folder of ['chain', 'contracts']) {
    mkdirSync(join(copy, folder));
    cpSync(join(root, folder, 'vectors'), join(copy, folder, 'vectors'), { recursive: true });
  }
  return copy;
}

/** Built files of the law, tests and their tools left out. */
function lawFiles(): readonly string[] {
  return ['chain', 'contracts'].flatMap((folder) =>
    readdirSync(join(root, 'dist', folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.js') && !path.endsWith('.test.js') && !path.includes('testing'))
      .map((path) => join(folder, path))
      .sort(),
  );
}

/** What noticed the mutant, or undefined where nothing did. */
function replay(copy: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(copy, 'dist/test/mutation/replay.js')], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    setPriority(child.pid ?? 0, 10);
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      out += chunk.toString();
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve(
        code === 0
          ? undefined
          : (out
              .trim()
              .split('\n')
              .find((line) => line.length > 0) ?? 'no end'),
      );
    });
  });
}

async function work(mutants: Mutant[], survivors: Mutant[]): Promise<void> {
  const copy = createCopy();
  try {
    const untouched = await replay(copy);
    if (untouched !== undefined) throw new Error(`the vectors do not hold as they are: ${untouched}`);
    for (let mutant = mutants.pop(); mutant !== undefined; mutant = mutants.pop()) {
      const path = join(copy, 'dist', mutant.file);
      const source = readFileSync(path, 'utf8');
      writeFileSync(path, `${source.slice(0, mutant.start)}${mutant.text}${source.slice(mutant.end)}`);
      const noticed = await replay(copy);
      writeFileSync(path, source);
      const { file, line, kind, rule, what, text } = mutant;
      const name = `${file}:${line} ${kind}${rule === '' ? '' : ` ${rule}`}: ${what} -> ${text.slice(0, 60)}`;
      if (noticed === undefined) survivors.push(mutant);
      process.stdout.write(`${noticed === undefined ? 'SURVIVED' : 'noticed '} ${name}\n`);
    }
  } catch (error) {
    // The other run ends at its next mutant, so that no copy is left behind.
    mutants.length = 0;
    throw error;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

const [only] = process.argv.slice(2);
const mutants = lawFiles()
  .filter((file) => only === undefined || file.includes(only))
  .flatMap((file) => mutantsOf(file, readFileSync(join(root, 'dist', file), 'utf8')));
const total = mutants.length;
const survivors: Mutant[] = [];
const counts = new Map<string, number>();
for (const { kind } of mutants) counts.set(kind, (counts.get(kind) ?? 0) + 1);
const ends = await Promise.allSettled(Array.from({ length: RUNS }, () => work(mutants, survivors)));
for (const end of ends) if (end.status === 'rejected') throw end.reason;
const sorts = [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ');
process.stdout.write(`${total} mutants (${sorts}), ${survivors.length} survived\n`);
process.exitCode = survivors.length === 0 ? 0 : 1;
