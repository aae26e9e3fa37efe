import { describe, expect, it } from 'vitest';
import { clashes, isEmpty, lost, patchOf, rebase } from './changes';

const user = { name: 'Support Lead', level: 'member' as const, roles: ['billing', 'support'] };

describe('two people edit one user', () => {
  it('keeps what each touched', () => {
    const typed = { ...user, roles: ['billing', 'orders'] };
    const theirs = { name: 'Head of Support', level: 'admin' as const, roles: ['billing', 'refunds', 'support'] };
    expect(rebase(user, typed, theirs)).toEqual({ name: 'Head of Support', level: 'admin', roles: ['billing', 'refunds', 'orders'] });
  });

  it('does not take away again a role that somebody else gave', () => {
    expect(rebase(user, user, { ...user, roles: ['support', 'refunds'] }).roles).toEqual(['support', 'refunds']);
    expect(rebase(user, { ...user, roles: [...user.roles, 'orders'] }, { ...user, roles: ['orders'] }).roles).toEqual(['orders']);
  });

  it('says where both wanted something else', () => {
    const typed = { ...user, name: 'Mine', level: 'auditor' as const };
    expect(clashes(user, typed, { ...user, name: 'Theirs', level: 'auditor' })).toEqual(['name']);
    expect(clashes(user, typed, user)).toEqual([]);
    expect(rebase(user, typed, { ...user, name: 'Theirs' }).name).toBe('Mine');
  });
});

describe('what is sent', () => {
  it('is only what differs', () => {
    expect(patchOf(user, { ...user, name: ' Support Lead ' })).toEqual({});
    expect(isEmpty(patchOf(user, { ...user, roles: ['support', 'billing'] }))).toBe(true);
    expect(patchOf(user, { ...user, level: 'auditor' })).toEqual({ level: 'auditor' });
    expect(patchOf(user, { ...user, name: 'New', roles: [] })).toEqual({ name: 'New', roles: [] });
  });
});

describe('a lower level', () => {
  it('says what is lost, and asks for nothing else', () => {
    expect(lost('admin', 'member')).toContain('stops with the agents’ next token');
    expect(lost('admin', 'auditor')).toContain('change nothing');
    expect(lost('member', 'auditor')).toContain('goes on');
    for (const [from, to] of [
      ['admin', 'admin'],
      ['member', 'admin'],
      ['auditor', 'admin'],
      ['auditor', 'member'],
    ] as const)
      expect(lost(from, to), `${from} to ${to}`).toBeNull();
  });
});
