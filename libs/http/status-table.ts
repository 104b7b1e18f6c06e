/** HTTP status by error code: an exact code (`market/no-offers`), or a code's last part for every area (star, slash, `not-found`). */
export type StatusTable = Readonly<Record<string, number>>;

/** What an AppError's code means in HTTP when the app says nothing else. Keys with `*` stand for any area. */
export const DEFAULT_STATUS_TABLE: StatusTable = {
  '*/bad-request': 400,
  '*/bad-value': 400,
  '*/bad-address': 400,
  '*/bad-cursor': 400,
  '*/bad-event-id': 400,
  '*/invalid': 400,
  '*/malformed': 400,
  '*/payload-invalid': 400,
  '*/cursor-invalid': 400,
  '*/unauthorized': 401,
  '*/payment-required': 402,
  '*/insufficient-funds': 402,
  '*/forbidden': 403,
  '*/not-found': 404,
  '*/unknown': 404,
  '*/conflict': 409,
  '*/already-exists': 409,
  '*/exists': 409,
  '*/in-use': 409,
  '*/expired': 410,
  '*/gone': 410,
  '*/too-large': 413,
  'http/host-not-allowed': 421,
  '*/too-many': 429,
  '*/over-budget': 429,
  '*/not-implemented': 501,
  '*/bad-answer': 502,
  '*/unavailable': 503,
  '*/unreachable': 503,
  '*/closed': 503,
  '*/busy': 503,
  '*/syncing': 503,
  '*/no-offers': 503,
  '*/too-few-providers': 503,
  '*/redis-lost': 503,
  '*/timeout': 504,
  '*/no-space': 507,
  '*/disk-full': 507,
  '*/full': 507,
};

/** The status of a code: exact entry first, then its ending, else undefined. */
export function statusOfCode(code: string, table: StatusTable): number | undefined {
  return table[code] ?? table[`*/${code.slice(code.lastIndexOf('/') + 1)}`];
}
