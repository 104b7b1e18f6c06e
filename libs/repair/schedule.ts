/** Hours of the day (local time) in which fragments are moved. `all`, `off`, or from one hour to another: `22-6`. */
export interface RepairHours {
  readonly text: string;
  isActive(date: Date): boolean;
}

/** Reads hours; undefined where the text is none. */
export function parseRepairHours(text: string): RepairHours | undefined {
  if (text === 'all') return { text, isActive: () => true };
  if (text === 'off') return { text, isActive: () => false };
  const match = /^(\d{1,2})-(\d{1,2})$/.exec(text);
  if (match === null) return undefined;
  const [from, to] = [Number(match[1]), Number(match[2])];
  if (from > 23 || to > 24 || from === to) return undefined;
  return {
    text,
    isActive(date) {
      const hour = date.getHours();
      return from < to ? hour >= from && hour < to : hour >= from || hour < to;
    },
  };
}
