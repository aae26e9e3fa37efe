import { expect, it } from 'vitest';
import { bySeverity, difference, emptied, sayImpact } from './impact';

const ref = { id: 'u', email: 'lead@example.com', name: 'Support Lead' };
const delegation = (id: string, lost: string[], remaining: string[], gained: string[] = []) => ({
  delegation_id: id,
  agent: { client_id: 'a', name: 'Agent', type: 'langchain' },
  delegator: ref,
  status: 'active' as const,
  lost,
  gained,
  remaining,
});

it('tells what a choice adds and removes', () => {
  expect(difference(['a:x', 'a:y'], ['a:y', 'b:z'])).toEqual({ added: ['b:z'], removed: ['a:x'] });
  expect(difference(['a:x'], [])).toEqual({ added: [], removed: ['a:x'] });
  expect(difference(['a:x', 'a:y'], ['a:y', 'a:x'])).toEqual({ added: [], removed: [] });
});

it('calls a delegation emptied when it loses the last of what it had', () => {
  expect(emptied(delegation('1', ['a:x'], []))).toBe(true);
  expect(emptied(delegation('2', ['a:x'], ['a:y']))).toBe(false);
  // It had nothing before: the change takes nothing from it.
  expect(emptied(delegation('3', [], []))).toBe(false);
});

it('puts those that are left with nothing first, then those that lose most', () => {
  const given = [
    delegation('gains', [], ['a:x'], ['a:x']),
    delegation('loses two', ['a:x', 'a:y'], ['a:z']),
    delegation('emptied', ['a:x'], []),
    delegation('loses one', ['a:x'], ['a:z']),
  ];
  expect(bySeverity(given).map((d) => d.delegation_id)).toEqual(['emptied', 'loses two', 'loses one', 'gains']);
});

it('says how many feel it', () => {
  expect(sayImpact({ total_agents: 0, total_delegations: 0 })).toBe('No delegation and no agent feels this.');
  expect(sayImpact({ total_agents: 1, total_delegations: 2 })).toBe('1 agent and 2 delegations feel this with their next token.');
});
