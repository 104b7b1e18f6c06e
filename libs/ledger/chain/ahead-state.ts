import type { MemoryState, Namespace, StateDiff, StateReader } from '#chain';
import { OverlayState } from './overlay-state.js';

/**
 * The state after the last applied block, which may not be written yet, over the state as it is on disk. Readers never
 * see it; the law does, so that blocks are judged while those before them are on their way to disk.
 */
export class AheadState implements StateReader {
  /** What is being written now, and what was applied since that began. */
  private writing: OverlayState | undefined;
  private collecting: OverlayState | undefined;

  constructor(private readonly written: MemoryState) {}

  get<V>(space: Namespace<V>, key: string): V | undefined {
    return (this.collecting ?? this.writing ?? this.written).get(space, key);
  }

  apply(diff: StateDiff): void {
    this.collecting ??= new OverlayState(this.writing ?? this.written);
    this.collecting.apply(diff);
  }

  /** Everything applied so far is on its way to disk. */
  beginWrite(): void {
    this.writing = this.collecting;
    this.collecting = undefined;
  }

  /** What was on its way has become part of the written state. */
  endWrite(): void {
    this.writing = undefined;
    this.collecting?.rebase(this.written);
  }

  /** Nothing ahead of the disk holds any more. */
  reset(): void {
    this.writing = undefined;
    this.collecting = undefined;
  }
}
