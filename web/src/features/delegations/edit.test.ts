import { expect, it } from 'vitest';
import { instantOf } from '@/lib/local-time';
import { changesOf, valuesOf } from './edit';

const start = valuesOf({
  actions: ['billing:read', 'orders:read'],
  max_duration_seconds: 3600,
  ends_at: '2030-01-02T03:04:05.678Z',
  resources: ['https://api.example.com/billing'],
});

it('sends nothing when nothing changed', () => {
  expect(changesOf(start, structuredClone(start))).toBeUndefined();
  expect(changesOf(start, { ...start, actions: ['orders:read', 'billing:read'] })).toBeUndefined();
  expect(changesOf(start, { ...start, duration: { count: 60, unit: 'minutes' } })).toBeUndefined();
});

it('sends only the field that changed, so that two people do not undo each other', () => {
  expect(changesOf(start, { ...start, actions: ['billing:read'] })).toEqual({ actions: ['billing:read'] });
  expect(changesOf(start, { ...start, duration: { count: 15, unit: 'minutes' } })).toEqual({ max_duration_seconds: 900 });
  expect(changesOf(start, { ...start, resources: [] })).toEqual({ resources: [] });
  expect(changesOf(start, { ...start, ends_at: null })).toEqual({ ends_at: null });
  const later = '2031-01-02 03:04:05';
  expect(changesOf(start, { ...start, ends_at: later })).toEqual({ ends_at: instantOf(later) });
});

it('knows one action exchanged for another as a change', () => {
  expect(changesOf(start, { ...start, actions: ['billing:read', 'orders:write'] })).toEqual({ actions: ['billing:read', 'orders:write'] });
});

it('states odd seconds as they are', () => {
  const odd = valuesOf({ actions: ['a:b'], max_duration_seconds: 90, ends_at: null, resources: [] });
  expect(odd.duration).toEqual({ count: 90, unit: 'seconds' });
});
