import { expect, it } from 'vitest';
import { z } from 'zod';
import { oneOf, replaces, text } from './address';

it('takes for text what the router took for something else', () => {
  const schema = z.object({ q: text(), action: text(4) });
  expect(schema.parse({ q: 42 })).toEqual({ q: '42' });
  expect(schema.parse({ q: true, action: 'a:b' })).toEqual({ q: 'true', action: 'a:b' });
  expect(schema.parse({})).toEqual({});
  expect(schema.parse({ q: 'x'.repeat(257), action: 'a:bcd' })).toEqual({ q: undefined, action: undefined });
  expect(schema.parse({ q: { $ne: '' }, action: ['a'] })).toEqual({ q: undefined, action: undefined });
});

it('takes no word that is not one of its own', () => {
  const schema = z.object({ status: oneOf(['active', 'suspended']) });
  expect(schema.parse({ status: 'active' })).toEqual({ status: 'active' });
  expect(schema.parse({ status: 'Active' })).toEqual({ status: undefined });
});

it('makes an entry of a choice, so that Back takes it back', () => {
  expect(replaces({}, { status: 'active' })).toBe(false);
  expect(replaces({ status: 'active' }, { status: undefined })).toBe(false);
  expect(replaces({ tab: 'servers', q: 'x' }, { tab: undefined, q: undefined })).toBe(false);
});

it('makes none of letters, nor of a choice that stays', () => {
  expect(replaces({ q: 'a' }, { q: 'ab' })).toBe(true);
  expect(replaces({ q: 'ab' }, { q: undefined, status: undefined })).toBe(true);
  expect(replaces({ live: true }, { live: undefined })).toBe(true);
});

it('makes one of a time, and none of its parts', () => {
  const [early, late] = ['2026-05-20T07:00:00Z', '2026-05-21T07:00:00Z'];
  expect(replaces({}, { from: early })).toBe(false);
  expect(replaces({ from: early }, { from: late })).toBe(true);
  expect(replaces({ from: early }, { from: undefined })).toBe(false);
  expect(replaces({ from: early }, { from: late, to: undefined }), 'a preset').toBe(false);
});

it('opens a dialog as an entry, and changes and closes it within that', () => {
  expect(replaces({}, { onboard: 'agent' })).toBe(false);
  expect(replaces({ onboard: 'agent' }, { onboard: 'server' })).toBe(true);
  expect(replaces({ onboard: 'server' }, { onboard: undefined })).toBe(true);
});
