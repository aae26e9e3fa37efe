import { describe, expect, it } from 'vitest';
import { offered, sayDisable, sayEnable } from './powers';

const active = { status: 'active', disabled_by_admin: false, disabled_by_delegator: false, ends_at: null } as const;
const byAdmin = { ...active, status: 'disabled', disabled_by_admin: true } as const;
const byDelegator = { ...active, status: 'disabled', disabled_by_delegator: true } as const;
const byBoth = { ...byAdmin, disabled_by_delegator: true } as const;
const member = { mine: true, admin: false };
const admin = { mine: false, admin: true };
const adminOfOwn = { mine: true, admin: true };
const stranger = { mine: false, admin: false };
const now = new Date('2026-03-01T12:00:00Z');

describe('what is offered is what the server does', () => {
  it.each([
    ['active, to its delegator', active, member, true, false],
    ['active, to an admin', active, admin, true, false],
    ['disabled by an admin, to its delegator', byAdmin, member, true, false],
    ['disabled by an admin, to an admin', byAdmin, admin, false, true],
    ['disabled by its delegator, to them', byDelegator, member, false, true],
    ['disabled by its delegator, to an admin', byDelegator, admin, true, false],
    ['disabled by both, to its delegator', byBoth, member, false, false],
    ['disabled by both, to an admin', byBoth, admin, false, true],
    ['an admin’s own, disabled by another admin', byAdmin, adminOfOwn, true, true],
    ['an admin’s own, disabled by both', byBoth, adminOfOwn, false, true],
    ['revoked', { ...active, status: 'revoked' as const }, adminOfOwn, false, false],
    ['somebody else’s', active, stranger, false, false],
  ])('%s', (_, d, reader, disable, enable) => {
    expect(offered(d, reader)).toEqual({ disable, enable });
  });
});

it('says who can undo a Disable, and what it adds to one that stands', () => {
  expect(sayDisable(active, 'Customer Support', member)).not.toContain('administrator');
  expect(sayDisable(active, 'Customer Support', admin)).toContain('Only an administrator');
  expect(sayDisable(byAdmin, 'Customer Support', member)).toContain('An administrator disabled it already');
  expect(sayDisable(byDelegator, 'Customer Support', admin)).toContain('Its delegator disabled it already');
});

it('promises tokens only when Enable brings them', () => {
  expect(sayEnable(byAdmin, 'Customer Support', admin, now)).toBe('Customer Support gets tokens by it again.');
  expect(sayEnable(byBoth, 'Customer Support', admin, now)).toContain('stays disabled');
  expect(sayEnable(byBoth, 'Customer Support', adminOfOwn, now)).toContain('gets tokens');
  expect(sayEnable({ ...byAdmin, ends_at: '2026-03-01T11:00:00Z' }, 'Customer Support', admin, now)).toContain('end date has passed');
  expect(sayEnable({ ...byAdmin, ends_at: '2026-03-01T13:00:00Z' }, 'Customer Support', admin, now)).toContain('gets tokens');
});
