import { expect, it } from 'vitest';
import type { Schema } from '@/api/types';
import { outOf } from './out';

const now = new Date('2026-03-01T12:00:00Z');
const token = (delegation_id: string, expires_at: string) => ({ delegation_id, expires_at }) as Schema<'AgentToken'>;
const items = [
  token('d', '2026-03-01T12:30:00Z'),
  token('d', '2026-03-01T13:00:00Z'),
  token('other', '2026-03-01T14:00:00Z'),
  token('d', '2026-03-01T11:59:59Z'),
];
const outstanding = { count: 3, more: false, last_expires_at: '2026-03-01T14:00:00Z' };

it('counts what is out of this delegation, and when the last of it ends', () => {
  expect(outOf('d', { items, outstanding }, now)).toEqual({ count: 2, atLeast: false, last: '2026-03-01T13:00:00Z' });
  expect(outOf('none', { items, outstanding }, now)).toEqual({ count: 0, atLeast: false, last: undefined });
});

it('does not take the first page for all there is', () => {
  expect(outOf('d', { items, next_cursor: 'c', outstanding: { ...outstanding, count: 4 } }, now).atLeast).toBe(true);
  expect(outOf('d', { items, next_cursor: 'c', outstanding: { ...outstanding, more: true } }, now).atLeast).toBe(true);
  // Older ones follow, but none of them is out.
  expect(outOf('d', { items, next_cursor: 'c', outstanding }, now).atLeast).toBe(false);
});
