import { expect, it } from 'vitest';
import { bodyOf, changesOf, emptyValues, type Template, valuesOf } from './values';

const template: Template = {
  id: '1',
  name: 'Support staff',
  enabled: true,
  client_id: 'a',
  agent: { client_id: 'a', name: 'Customer Support', type: 'langchain' },
  identity_provider: { id: 'p', name: 'Company directory' },
  conditions: [{ claim: 'groups', values: ['support'] }],
  role: 'customer-support',
  actions: ['billing:read', 'orders:read'],
  max_duration_seconds: 900,
  resources: [],
  sub_agents: [{ client_id: 'b', name: 'Clerk', type: 'langchain' }],
  sender_constrained: 'dpop',
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-01-01T00:00:00Z',
};
const start = valuesOf(template);

it('sends nothing when nothing changed', () => {
  expect(changesOf(start, structuredClone(start))).toBeUndefined();
  expect(changesOf(start, { ...start, actions: ['orders:read', 'billing:read'] })).toBeUndefined();
  expect(changesOf(start, { ...start, name: ' Support staff ' })).toBeUndefined();
});

it('sends only what changed, lists as a whole', () => {
  expect(changesOf(start, { ...start, duration: { count: 5, unit: 'minutes' } })).toEqual({ max_duration_seconds: 300 });
  expect(changesOf(start, { ...start, sub_agents: [] })).toEqual({ sub_agents: [] });
  expect(changesOf(start, { ...start, sender_constrained: 'none' })).toEqual({ sender_constrained: 'none' });
  const conditions = [{ claim: ' groups ', values: ['support', 'support-leads'] }];
  expect(changesOf(start, { ...start, conditions })).toEqual({ conditions: [{ claim: 'groups', values: ['support', 'support-leads'] }] });
});

it('adds what was filled in', () => {
  expect(bodyOf({ ...emptyValues, ...start, client_id: 'a', identity_provider_id: 'p', role: 'customer-support', sub_agents: [] })).toEqual(
    {
      name: 'Support staff',
      client_id: 'a',
      identity_provider_id: 'p',
      conditions: [{ claim: 'groups', values: ['support'] }],
      role: 'customer-support',
      actions: ['billing:read', 'orders:read'],
      max_duration_seconds: 900,
      resources: [],
      sub_agents: [],
      sender_constrained: 'dpop',
    },
  );
});
