import { type FileHandle, open } from 'node:fs/promises';

/** Pages read at once: overflow pages of a large row mostly follow each other. */
const WINDOW_PAGES = 64;
const KEPT_WINDOWS = 8;
const MIN_PAGE_BYTES = 512;
const MAX_PAGE_BYTES = 65_536;
const DEFAULT_PAGE_BYTES = 4_096;
const WAL_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const WAL_MAGIC = 0x377f_0682;

/** Where a page was found: in the file itself, or in a frame of the log beside it. */
export interface PagePlace {
  readonly page: number;
  readonly frame: number | undefined;
}

/**
 * The pages of a SQLite file and of the write-ahead log beside it, without SQLite: whatever is damaged, the other pages
 * can be looked at (https://www.sqlite.org/fileformat2.html).
 */
export class SqlitePages {
  private readonly windows = new Map<string, Buffer>();

  private constructor(
    private readonly file: FileHandle,
    private readonly log: FileHandle | undefined,
    readonly pageBytes: number,
    private readonly fileBytes: number,
    /** Page numbers of the log's frames, in order. */
    private readonly frames: readonly number[],
    /** The newest frame of a page. */
    private readonly newest: ReadonlyMap<number, number>,
  ) {}

  static async open(path: string): Promise<SqlitePages> {
    const file = await open(path, 'r');
    const log = await open(`${path}-wal`, 'r').catch(() => undefined);
    const pageBytes = await readPageSize(file, log);
    const frames = log === undefined ? [] : await readFrames(log, pageBytes);
    const newest = new Map(frames.map((page, index) => [page, index]));
    return new SqlitePages(file, log, pageBytes, (await file.stat()).size, frames, newest);
  }

  /** Every version of every page there is. */
  *places(): Generator<PagePlace> {
    const count = Math.floor(this.fileBytes / this.pageBytes);
    for (let page = 1; page <= count; page++) yield { page, frame: undefined };
    for (const [frame, page] of this.frames.entries()) if (page > 0) yield { page, frame };
  }

  /** The bytes of one version of a page; undefined where the disk gives them no more. */
  async read({ page, frame }: PagePlace): Promise<Buffer | undefined> {
    if (frame === undefined) return this.slice(this.file, 'file', page - 1, 0, this.pageBytes);
    const stride = this.pageBytes + FRAME_HEADER_BYTES;
    const whole = this.log && (await this.slice(this.log, 'log', frame, WAL_HEADER_BYTES, stride));
    return whole?.subarray(FRAME_HEADER_BYTES);
  }

  /** A page as it is now: the log's newest version goes before the file's. */
  async current(page: number): Promise<Buffer | undefined> {
    return this.read({ page, frame: this.newest.get(page) });
  }

  async close(): Promise<void> {
    await this.file.close();
    await this.log?.close();
  }

  private async slice(
    handle: FileHandle,
    name: string,
    index: number,
    start: number,
    stride: number,
  ): Promise<Buffer | undefined> {
    const first = Math.floor(index / WINDOW_PAGES) * WINDOW_PAGES;
    const key = `${name} ${first}`;
    let window = this.windows.get(key);
    if (window === undefined) {
      const buffer = Buffer.alloc(WINDOW_PAGES * stride);
      const { bytesRead } = await handle
        .read(buffer, 0, buffer.length, start + first * stride)
        .catch(() => ({ bytesRead: 0 }));
      window = buffer.subarray(0, bytesRead);
      this.windows.set(key, window);
      const oldest = this.windows.keys().next().value;
      if (this.windows.size > KEPT_WINDOWS && oldest !== undefined) this.windows.delete(oldest);
    }
    const at = (index - first) * stride;
    return at + stride <= window.length ? window.subarray(at, at + stride) : undefined;
  }
}

/** What the file says, otherwise what its log says, otherwise SQLite's default. */
async function readPageSize(file: FileHandle, log: FileHandle | undefined): Promise<number> {
  const header = Buffer.alloc(WAL_HEADER_BYTES);
  await file.read(header, 0, header.length, 0);
  const stated = header.readUInt16BE(16);
  if (header.toString('latin1', 0, 15) === 'SQLite format 3') {
    const size = stated === 1 ? MAX_PAGE_BYTES : stated;
    if (isPageSize(size)) return size;
  }
  if (log !== undefined) {
    await log.read(header, 0, header.length, 0);
    const size = header.readUInt32BE(8);
    if ((header.readUInt32BE(0) & ~1) >>> 0 === WAL_MAGIC && isPageSize(size)) return size;
  }
  return DEFAULT_PAGE_BYTES;
}

function isPageSize(size: number): boolean {
  return size >= MIN_PAGE_BYTES && size <= MAX_PAGE_BYTES && (size & (size - 1)) === 0;
}

/** Page numbers of the frames that belong to the log's present round; 0 for one that does not. */
async function readFrames(log: FileHandle, pageBytes: number): Promise<number[]> {
  const header = Buffer.alloc(WAL_HEADER_BYTES);
  const { bytesRead } = await log.read(header, 0, header.length, 0);
  if (bytesRead < header.length) return [];
  const salts = header.subarray(16, 24);
  const stride = pageBytes + FRAME_HEADER_BYTES;
  const count = Math.floor(((await log.stat()).size - WAL_HEADER_BYTES) / stride);
  const frames: number[] = [];
  const frame = Buffer.alloc(FRAME_HEADER_BYTES);
  for (let index = 0; index < count; index++) {
    await log.read(frame, 0, frame.length, WAL_HEADER_BYTES + index * stride);
    frames.push(frame.subarray(8, 16).equals(salts) ? frame.readUInt32BE(0) : 0);
  }
  return frames;
}
