import { expect, test } from 'vitest';
import { summarize } from './summary';

const draft = { agent: 'Customer Support', role: 'customer-support', actions: ['billing:read', 'orders:read'], seconds: 3600 };

test('one plain sentence', () => {
  expect(summarize(draft)).toBe(
    'Customer Support may billing:read and orders:read for you as customer-support, with tokens of at most 1 hour.',
  );
});

test('audiences and the end date are said', () => {
  const said = summarize({ ...draft, audiences: ['https://billing.example.com'], endsAt: '2030-01-02T03:04:05Z' });
  expect(said).toContain('as customer-support at https://billing.example.com, with tokens');
  expect(summarize({ ...draft, subAgents: ['Clerk', 'Triage'] })).toMatch(/1 hour\. It may hand them on to Clerk and Triage\.$/);
  expect(said).toMatch(/1 hour, until .*2030.*\.$/);
});

test('says what is still missing', () => {
  expect(summarize({ agent: undefined, role: null, actions: [], seconds: null })).toBe(
    'Still to choose: a role, an agent, at least one action and a maximum duration.',
  );
  expect(summarize({ ...draft, actions: [] })).toBe('Still to choose: at least one action.');
});
