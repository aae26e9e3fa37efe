import { expect, it } from 'vitest';
import { agentOf, partyLabel, partyName } from './parties';

it('names a party as well as it can', () => {
  expect(partyName({ type: 'user', id: 'u1', name: 'Support Lead' })).toBe('Support Lead');
  expect(partyLabel({ type: 'user', id: 'u1', name: '' })).toBe('user u1');
  expect(partyLabel({ type: 'system' })).toBe('system');
});

it('calls an agent what it was called then, and looks up only what no event says', () => {
  const nameNow = (id: string) => `${id} now`;
  const user = { type: 'user', id: 'a1', name: 'A user with that ID' };
  const then = { type: 'agent', id: 'a1', name: 'Invoice Clerk' };
  expect(agentOf({ actor: user, target: then, client_id: 'a1' }, nameNow)).toBe('Invoice Clerk');
  expect(agentOf({ actor: then, target: { type: 'delegation', id: 'd1' }, client_id: 'a1' }, nameNow)).toBe('Invoice Clerk');
  expect(agentOf({ actor: user, target: { type: 'agent', id: 'a1' }, client_id: 'a1' }, nameNow)).toBe('a1 now');
  expect(agentOf({ actor: { ...then, id: 'a2' }, target: user, client_id: 'a1' }, nameNow)).toBe('a1 now');
});
