import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { PayoutLineView } from '#services';
import { statementToCsv } from './payouts-csv.js';

const line: PayoutLineView = {
  height: 7,
  blockId: '00'.repeat(32),
  time: '2026-11-21T16:00:00Z',
  position: 3,
  from: 'escrow:ab',
  to: 'account:cd',
  amount: '9223372036854775807',
  reason: 'tranche',
  subject: 'ab',
  contract: 'ab',
  provider: 'cd',
  epoch: null,
  group: 'earned',
  meaning: 'paid',
};

/** A reader of RFC 4180: fields, quotes doubled inside quotes, records that end in CRLF. */
function parseCsv(text: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  let field = '';
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string;
    if (isQuoted && character === '"' && text[at + 1] === '"') field += text[++at];
    else if (character === '"') isQuoted = !isQuoted;
    else if (!isQuoted && character === ',') {
      record.push(field);
      field = '';
    } else if (!isQuoted && character === '\r' && text[at + 1] === '\n') {
      at += 1;
      records.push([...record, field]);
      record = [];
      field = '';
    } else field += character;
  }
  if (field !== '' || record.length > 0) throw new Error('the last record has no end');
  return records;
}

describe('a statement as CSV', () => {
  test('by hand', () => {
    expect(statementToCsv([line])).toBe(
      'height,time,contract,provider,epoch,group,reason,amount,from,to,meaning\r\n' +
        '7,2026-11-21T16:00:00Z,ab,cd,,earned,tranche,9223372036854775807,escrow:ab,account:cd,paid\r\n',
    );
  });

  test('pages one after the other are the whole', () => {
    expect(statementToCsv([line]) + statementToCsv([line], false)).toBe(statementToCsv([line, line]));
  });

  test('any text comes back as it went in; what a spreadsheet would run gets an apostrophe', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '"', ',', '\r', '\n', '\t', ' ', '=', "'", 'ü') });
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), (texts) => {
        const rows = parseCsv(statementToCsv(texts.map((meaning) => ({ ...line, meaning }))));
        expect(rows).toHaveLength(texts.length + 1);
        expect(rows.slice(1).map((row) => row.at(-1))).toEqual(
          texts.map((meaning) => (/^[=+\-@\t]/.test(meaning) ? `'${meaning}` : meaning)),
        );
        expect(rows.every((row) => row.length === 11)).toBe(true);
      }),
      { verbose: true },
    );
  });
});
