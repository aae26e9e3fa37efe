import { describe, expect, it } from 'vitest';
import { csvCell, csvHead, csvRow } from './csv';

describe('cells', () => {
  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\uff1d1+1', '\uff0b1', '\uff0d1', '\uff20SUM(A1)'])(
    'does not let %j run as a formula',
    (text) => {
      expect(csvCell(text)).toBe(`'${text}`);
    },
  );

  it('quotes a guarded cell too', () => {
    expect(csvCell('\n=1')).toBe('"\'\n=1"');
    expect(csvCell('\r=1')).toBe('"\'\r=1"');
    expect(csvCell('=HYPERLINK("x","y")')).toBe('"\'=HYPERLINK(""x"",""y"")"');
  });

  it('quotes commas, quotation marks and line ends', () => {
    expect(csvCell('a,b')).toBe('"a,b"');
    expect(csvCell('say "x"')).toBe('"say ""x"""');
    expect(csvCell('a\nb')).toBe('"a\nb"');
  });

  it('leaves the rest as it is', () => {
    expect(csvCell('a=b - c@d')).toBe('a=b - c@d');
    expect(csvCell(-5)).toBe('-5');
    expect(csvCell(undefined)).toBe('');
  });
});

it('writes one line for each event, with as many cells as the head', () => {
  const row = csvRow({
    seq: 7,
    hash: 'ab',
    time: '2026-05-21T07:25:36Z',
    actor: { type: 'user', id: 'u1', name: '=cmd', via: 'session' },
    action: 'delegation.revoke',
    target: { type: 'delegation', id: 'd1' },
    outcome: 'refused',
    reasons: [{ code: 'role_not_held', message: 'Give the role.' }],
  });
  expect(row).toBe(
    "7,2026-05-21T07:25:36Z,user,u1,'=cmd,session,delegation.revoke,delegation,d1,,refused,,role_not_held: Give the role.,,,,,,,,ab\r\n",
  );
  expect(row.split(',')).toHaveLength(csvHead().split(',').length);
});

it('says that it is UTF-8, as Excel needs it', () => {
  expect(csvHead().codePointAt(0)).toBe(0xfeff);
});
