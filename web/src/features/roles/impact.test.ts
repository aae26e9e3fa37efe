import { expect, it } from 'vitest';
import { bySeverity, difference, emptied, sayCount, sayImpact } from './impact';

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

const impact = (felt: number, total: number) => ({
  agents: Array.from({ length: Math.min(felt, 1) }, () => ({ client_id: 'a', name: 'Agent', type: 'langchain' })),
  delegations: Array.from({ length: felt }, (_, i) => delegation(String(i), ['a:x'], [])),
  total_delegations: total,
});

it('says how many feel it, not how many the role has', () => {
  expect(sayImpact(impact(0, 0))).toBe('No delegation and no agent feels this.');
  expect(sayImpact(impact(0, 5))).toBe('No delegation and no agent feels this.');
  expect(sayImpact(impact(2, 5))).toBe('1 agent and 2 delegations feel this with their next token.');
});

it('does not take the delegations that were looked at for all there are', () => {
  expect(sayImpact(impact(2, 201))).toBe(
    'At least 1 agent and 2 delegations feel this with their next token. 1 further delegation of this role was not looked at.',
  );
  expect(sayImpact(impact(0, 350))).toBe(
    'Of the first 200 delegations none feels this. 150 further delegations of this role were not looked at.',
  );
  expect([sayCount(impact(2, 200), 2, 'delegation'), sayCount(impact(2, 201), 2, 'delegation')]).toEqual([
    '2 delegations',
    'at least 2 delegations',
  ]);
});
