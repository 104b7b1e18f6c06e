import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProviderContext } from '../provider-context.js';

/** A file beside the fragments: an empty mount point does not have it. */
const MARKER = 'VOLUME';

/**
 * Whether the disk with the fragments is there. Without it every fragment looks lost, which it is not: nothing must be
 * given up or marked, only alarmed, until somebody mounts it again.
 */
export class VolumeCheck {
  readonly #context: ProviderContext;
  readonly #marker: string;
  #isKnown = false;
  #problem: string | undefined;

  constructor(context: ProviderContext) {
    this.#context = context;
    this.#marker = join(context.fragmentsFolder, MARKER);
  }

  /** What was wrong when it was last looked at. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Looks again; undefined where the fragments can be read. */
  async look(): Promise<string | undefined> {
    const problem = await this.#look();
    const { logger, fragmentsFolder: folder } = this.#context;
    if (problem !== undefined && this.#problem === undefined) logger.error({ folder }, problem);
    if (problem === undefined && this.#problem !== undefined) logger.info({ folder }, 'fragments are back');
    this.#problem = problem;
    return problem;
  }

  async #look(): Promise<string | undefined> {
    const { fragmentsFolder: folder } = this.#context;
    try {
      await access(this.#marker);
      this.#isKnown = true;
      return undefined;
    } catch (error) {
      const { code = 'unknown' } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT') return `the folder of the fragments, ${folder}, cannot be read: ${code}`;
    }
    if (this.#isKnown || !(await this.#isFresh()))
      return `the volume with the fragments is not mounted at ${folder}`;
    try {
      await writeFile(this.#marker, 'The fragments of a Cairn provider. Do not remove this file.\n');
    } catch (error) {
      const { code = 'unknown' } = error as NodeJS.ErrnoException;
      return `the folder of the fragments, ${folder}, cannot be written: ${code}`;
    }
    this.#isKnown = true;
    return undefined;
  }

  /** Fragments are here, or none should be: a store that was never marked. */
  async #isFresh(): Promise<boolean> {
    const { records, store } = this.#context;
    if (store.usedBytes() > 0) return true;
    for (const { id } of records.contracts()) if ((await records.leaves(id)).length > 0) return false;
    return true;
  }
}
