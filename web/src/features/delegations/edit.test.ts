import { expect, it } from 'vitest';
import { instantOf } from '@/lib/local-time';
import { changesOf, narrows, valuesOf } from './edit';

const start = valuesOf({
  actions: ['billing:read', 'orders:read'],
  max_duration_seconds: 3600,
  ends_at: '2030-01-02T03:04:05.678Z',
  resources: ['https://api.example.com/billing'],
  sub_agents: [{ client_id: 'b', name: 'Clerk', type: 'langchain' }],
  sender_constrained: 'any',
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
  expect(changesOf(start, { ...start, sub_agents: [] })).toEqual({ sub_agents: [] });
  expect(changesOf(start, { ...start, sender_constrained: 'dpop' })).toEqual({ sender_constrained: 'dpop' });
  expect(changesOf(start, { ...start, ends_at: null })).toEqual({ ends_at: null });
  const later = '2031-01-02 03:04:05';
  expect(changesOf(start, { ...start, ends_at: later })).toEqual({ ends_at: instantOf(later) });
});

it('knows one action exchanged for another as a change', () => {
  expect(changesOf(start, { ...start, actions: ['billing:read', 'orders:write'] })).toEqual({ actions: ['billing:read', 'orders:write'] });
});

it('states odd seconds as they are', () => {
  const odd = valuesOf({
    actions: ['a:b'],
    max_duration_seconds: 90,
    ends_at: null,
    resources: [],
    sub_agents: [],
    sender_constrained: 'none',
  });
  expect(odd.duration).toEqual({ count: 90, unit: 'seconds' });
});

it('knows what takes something away', () => {
  expect(narrows(start, { ...start, actions: ['billing:read', 'orders:read', 'orders:write'] })).toBe(false);
  expect(narrows(start, { ...start, duration: { count: 2, unit: 'hours' }, ends_at: null })).toBe(false);
  expect(narrows(start, { ...start, sender_constrained: 'none' })).toBe(false);
  expect(narrows(start, { ...start, actions: ['billing:read', 'orders:write'] })).toBe(true);
  expect(narrows(start, { ...start, duration: { count: 15, unit: 'minutes' } })).toBe(true);
  expect(narrows(start, { ...start, ends_at: '2029-01-01 00:00:00' })).toBe(true);
  expect(narrows(start, { ...start, resources: [] })).toBe(true);
  expect(narrows({ ...start, resources: [] }, start)).toBe(true);
  expect(narrows(start, { ...start, sub_agents: [] })).toBe(true);
  expect(narrows(start, { ...start, sender_constrained: 'mtls' })).toBe(true);
});
