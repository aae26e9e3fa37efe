import { expect, it } from 'vitest';
import type { Schema } from '@/api/types';
import { prepend } from './tail';

const nobody = { type: 'user', id: 'u' };
const event = (seq: number): Schema<'AuditEvent'> => ({
  seq,
  hash: String(seq),
  time: '2026-05-21T07:25:36Z',
  actor: nobody,
  target: nobody,
  action: 'token.issue',
  outcome: 'success',
});
const page = (seqs: number[], next_cursor?: string) => ({ items: seqs.map(event), ...(next_cursor ? { next_cursor } : {}) });
const seqs = (pages: ReturnType<typeof prepend>) => pages?.map((p) => p.items.map((e) => e.seq));

it('puts what is new on top, and keeps where the list goes on', () => {
  const pages = prepend([page([4, 3], 'older'), page([2, 1])], page([6, 5], 'newer'));
  expect(pages, 'all of the newest page is new, so something may be missing').toBeUndefined();
  const joined = prepend([page([4, 3], 'older'), page([2, 1])], page([5, 4], 'newer'));
  expect(seqs(joined)).toEqual([
    [5, 4, 3],
    [2, 1],
  ]);
  expect(joined?.map((p) => p.next_cursor)).toEqual(['older', undefined]);
});

it('misses nothing when the newest page is all there is', () => {
  expect(seqs(prepend([page([1])], page([3, 2])))).toEqual([[3, 2, 1]]);
});

it('changes nothing without news, and starts where there was nothing', () => {
  expect(seqs(prepend([page([2, 1])], page([2, 1])))).toEqual([[2, 1]]);
  expect(seqs(prepend([page([])], page([1])))).toEqual([[1]]);
  expect(seqs(prepend([], page([1])))).toEqual([[1]]);
});
