import { expect, it } from 'vitest';
import { instantOf, localOf } from './local-time';

it('goes to local time and back', () => {
  const local = new Date(2026, 4, 21, 7, 25, 36);
  expect(localOf(local.toISOString())).toBe('2026-05-21 07:25:36');
  expect(instantOf('2026-05-21 07:25:36')).toBe(local.toISOString());
});

it('knows none and nonsense', () => {
  expect(localOf(undefined)).toBeNull();
  expect(localOf('yesterday')).toBeNull();
  expect([instantOf(null), instantOf(''), instantOf('soon')]).toEqual([undefined, undefined, undefined]);
});
