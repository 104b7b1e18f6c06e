import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';

const keptLines = 40;
const tailBytes = 16_384;

/** Where the output of a child goes, and its last lines for error messages. */
export interface ChildLog {
  readonly stdio: 'pipe' | number;
  /** Reads the child's pipes; a log file needs none, so that it goes on when the parent is gone. */
  readonly attach: (streams: readonly (Readable | null)[]) => void;
  /** Ends the parent's hold of the log file. */
  readonly close: () => void;
  readonly lastLines: () => readonly string[];
}

/** A log that the child itself appends to a file. */
export function createFileLog(file: string): ChildLog {
  mkdirSync(dirname(file), { recursive: true });
  const descriptor = openSync(file, 'a');
  const start = fstatSync(descriptor).size;
  return {
    stdio: descriptor,
    attach: () => {},
    close: () => closeSync(descriptor),
    lastLines: () => (existsSync(file) ? linesOf(readTail(file, start)).slice(-keptLines) : []),
  };
}

/** A log that the parent collects, each line handed to a callback. */
export function createPipeLog(onOutput: (line: string) => void): ChildLog {
  const lines: string[] = [];
  const take = (line: string): void => {
    lines.push(line);
    if (lines.length > keptLines) lines.shift();
    onOutput(line);
  };
  return {
    stdio: 'pipe',
    attach: (streams) => {
      for (const stream of streams) if (stream !== null) readLines(stream, take);
    },
    close: () => {},
    lastLines: () => lines,
  };
}

function readLines(stream: Readable, take: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) take(line);
  });
  stream.on('end', () => {
    if (rest !== '') take(rest);
  });
}

function readTail(file: string, start: number): string {
  const descriptor = openSync(file, 'r');
  try {
    const size = fstatSync(descriptor).size;
    return readFrom(descriptor, Math.max(start, size - tailBytes), size);
  } finally {
    closeSync(descriptor);
  }
}

function readFrom(descriptor: number, from: number, to: number): string {
  const buffer = Buffer.alloc(Math.max(0, to - from));
  const read = readSync(descriptor, buffer, 0, buffer.length, from);
  return buffer.toString('utf8', 0, read);
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
