/**
 * The real programs that tests talk to (counterparts.json names them and their Debian packages). `npm test` installs
 * them where it may. A missing one is a named skip on a person's machine and a failure in CI.
 *
 *     const redis = requireCounterpart('redis-server');
 *     redis.describe('BullMQ adapter', () => { ... spawn(redis.path, ...) ... });
 */
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, test } from '@jest/globals';

/** A real program, or the decision what to do without it. */
export interface Counterpart {
  /** Absolute path of the program; empty where it is missing. */
  readonly path: string;
  /** `describe` where the program is there; without it a named skip, in CI one failing test. */
  readonly describe: (title: string, body: () => void) => void;
}

/** Looks a counterpart up; throws for a name that counterparts.json does not list. */
export function requireCounterpart(
  command: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Counterpart {
  const known = JSON.parse(readFileSync('test/counterparts.json', 'utf8')) as Record<
    string,
    { debianPackage: string }
  >;
  const entry = known[command];
  if (entry === undefined) {
    throw new Error(`"${command}" is not listed in test/counterparts.json; add it with its Debian package`);
  }
  const path = findCommand(command, environment['PATH'] ?? '');
  if (path !== undefined) return { path, describe: (title, body) => void describe(title, body) };
  const reason = `${command} is not installed (apt-get install ${entry.debianPackage})`;
  return { path: '', describe: isCi(environment) ? failing(reason) : skipping(reason) };
}

function findCommand(command: string, searchPath: string): string | undefined {
  const folders = [...searchPath.split(delimiter), '/usr/sbin', '/usr/local/bin'];
  return folders.map((folder) => join(folder, command)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function isCi(environment: Readonly<Record<string, string | undefined>>): boolean {
  const value = environment['CI'];
  return value !== undefined && value !== '' && value !== 'false';
}

function failing(reason: string): Counterpart['describe'] {
  return (title) => {
    describe(title, () => {
      test(`needs ${reason}`, () => {
        throw new Error(`${reason}; in CI that is a failure`);
      });
    });
  };
}

function skipping(reason: string): Counterpart['describe'] {
  return (title, body) => {
    describe.skip(`${title} - left out: ${reason}`, body);
  };
}
