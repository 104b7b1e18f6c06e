import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/**
 * Times ISA-L on request: a line "k rows bytes repeats" is answered by the seconds its encoder took. First it says the
 * library's version and which instructions its dispatcher finds on this processor (the order is ISA-L's own).
 */
const source = `
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <isa-l.h>
static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec * 1e-9; }
int main(void) {
  const char *road = __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") ? "AVX-512"
    : __builtin_cpu_supports("avx2") ? "AVX2" : __builtin_cpu_supports("avx") ? "AVX" : "SSE or none";
  if (ISAL_MAJOR_VERSION * 100 + ISAL_MINOR_VERSION >= 231 && __builtin_cpu_supports("gfni")) road = "GFNI";
  printf("%d.%d.%d, %s\\n", ISAL_MAJOR_VERSION, ISAL_MINOR_VERSION, ISAL_PATCH_VERSION, road);
  fflush(stdout);
  int k, rows, bytes, repeats;
  unsigned char *memory = NULL;
  while (scanf("%d %d %d %d", &k, &rows, &bytes, &repeats) == 4) {
    unsigned char *matrix = malloc((size_t)(k + rows) * k), *tables = malloc((size_t)32 * k * rows);
    unsigned char *shards[256];
    free(memory);
    if (posix_memalign((void **)&memory, 64, (size_t)(k + rows) * bytes)) return 1;
    memset(memory, 7, (size_t)(k + rows) * bytes);
    for (int i = 0; i < k + rows; i++) shards[i] = memory + (size_t)i * bytes;
    gf_gen_cauchy1_matrix(matrix, k + rows, k);
    ec_init_tables(k, rows, matrix + k * k, tables);
    ec_encode_data(bytes, k, rows, tables, shards, shards + k);
    double start = now();
    for (int i = 0; i < repeats; i++) ec_encode_data(bytes, k, rows, tables, shards, shards + k);
    printf("%.9f\\n", now() - start);
    fflush(stdout);
    free(matrix);
    free(tables);
  }
  return 0;
}
`;

/** ISA-L in a process of its own. */
export interface Isal {
  /** Version, and the instructions it uses here. */
  readonly road: string;
  /** Seconds for encoding `rows` parity shards of k data shards, `repeats` times. */
  encode(k: number, rows: number, bytes: number, repeats: number): Promise<number>;
  close(): Promise<void>;
}

/** Compiles the program above against the installed library; the reason where that cannot be done. */
export async function openIsal(): Promise<Isal | { readonly why: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-isal-'));
  try {
    writeFileSync(join(folder, 'isal.c'), source);
    const program = join(folder, 'isal');
    execFileSync('cc', ['-O2', '-o', program, join(folder, 'isal.c'), '-lisal'], { stdio: 'pipe' });
    const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
    return await talkTo(child);
  } catch (error) {
    const text = error instanceof Error ? error.message.split('\n').slice(0, 2).join(' ') : String(error);
    return { why: `ISA-L could not be compiled against (packages gcc and libisal-dev): ${text}` };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function talkTo(child: ChildProcess): Promise<Isal> {
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error('no pipes to the program');
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error('the program ended');
    return value;
  };
  return {
    road: await nextLine(),
    encode: async (k, rows, bytes, repeats) => {
      stdin.write(`${k} ${rows} ${bytes} ${repeats}\n`);
      return Number(await nextLine());
    },
    close: async () => {
      const ended = once(child, 'exit');
      stdin.end();
      await ended;
    },
  };
}
