/** What happens next: a binary heap over times, with two numbers for each event. */
export class EventQueue {
  private readonly times: number[] = [];
  private readonly kinds: number[] = [];
  private readonly subjects: number[] = [];

  get size(): number {
    return this.times.length;
  }

  get nextTime(): number {
    return this.times[0] ?? Number.POSITIVE_INFINITY;
  }

  push(time: number, kind: number, subject: number): void {
    let at = this.times.push(time) - 1;
    this.kinds.push(kind);
    this.subjects.push(subject);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if ((this.times[parent] as number) <= time) break;
      this.swap(at, parent);
      at = parent;
    }
  }

  /** Takes the earliest event; undefined where nothing is to come. */
  pop(): { readonly time: number; readonly kind: number; readonly subject: number } | undefined {
    const last = this.times.length - 1;
    if (last < 0) return undefined;
    this.swap(0, last);
    const event = {
      time: this.times.pop() as number,
      kind: this.kinds.pop() as number,
      subject: this.subjects.pop() as number,
    };
    this.sink();
    return event;
  }

  private sink(): void {
    const { times } = this;
    for (let at = 0; ; ) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < times.length && (times[child] as number) < (times[least] as number)) least = child;
      }
      if (least === at) return;
      this.swap(at, least);
      at = least;
    }
  }

  private swap(a: number, b: number): void {
    for (const column of [this.times, this.kinds, this.subjects]) {
      const kept = column[a] as number;
      column[a] = column[b] as number;
      column[b] = kept;
    }
  }
}
