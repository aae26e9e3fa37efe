import { expect, it } from 'vitest';
import { sayLend, warnOf } from './lend';

const draft = {
  provider: 'Company directory',
  conditions: [{ claim: 'groups', values: ['support', 'support-leads'] }],
  agent: 'Customer Support',
  role: 'customer-support',
  actions: ['billing:read', 'orders:read'],
  seconds: 900,
};

it('says in one sentence who lends what', () => {
  expect(sayLend(draft)).toBe(
    'Whoever signs in at Company directory, whose “groups” is or has support or support-leads, can lend Customer Support ' +
      'billing:read and orders:read of customer-support while they are present, in tokens of at most 15 minutes. ' +
      'They need not hold the role themselves.',
  );
});

it('says every condition, for all must be met', () => {
  const said = sayLend({ ...draft, conditions: [...draft.conditions, { claim: 'department', values: ['*'] }] });
  expect(said).toContain('whose “groups” is or has support or support-leads and who has any “department”, can lend');
});

it('says what is still missing, and counts no empty row', () => {
  expect(sayLend({ provider: undefined, conditions: [], agent: undefined, role: null, actions: [], seconds: null })).toBe(
    'Still to choose: an agent, an identity provider, a condition, a role, at least one action and a maximum duration.',
  );
  expect(sayLend({ ...draft, conditions: [{ claim: 'groups', values: [] }] })).toBe('Still to choose: a condition.');
});

it('warns when everybody meets the conditions', () => {
  const everybody = { claim: 'sub', values: ['*'] };
  expect(warnOf([everybody], 'Company directory')).toContain('Everybody whom Company directory knows');
  expect(warnOf([everybody, { claim: '', values: [] }], undefined)).toContain('Everybody whom the identity provider knows');
  expect(warnOf([everybody, draft.conditions[0] as (typeof draft.conditions)[0]], 'Company directory')).toBeNull();
  expect(warnOf([], 'Company directory')).toBeNull();
});
