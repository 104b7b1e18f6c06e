/** Lets steps about the same thing happen one after the other, and others at once. */
export class Turns<K> {
  readonly #last = new Map<K, Promise<unknown>>();

  async take<T>(key: K, step: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(key) ?? Promise.resolve()).catch(() => undefined).then(step);
    this.#last.set(key, turn);
    try {
      return await turn;
    } finally {
      if (this.#last.get(key) === turn) this.#last.delete(key);
    }
  }
}
