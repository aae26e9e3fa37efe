import { describe, expect, it } from 'vitest';
import { expiryError, expiryOf } from './expiry';
import { noneConfigured } from './sources';

describe('expiry', () => {
  it('reads the local time of the picker', () => {
    expect(expiryOf('2027-01-02 03:04:00')).toBe(new Date(2027, 0, 2, 3, 4).toISOString());
    expect([expiryOf(null), expiryOf(''), expiryOf('soon')]).toEqual([undefined, undefined, undefined]);
  });

  it('wants the future, or nothing', () => {
    const now = new Date(2027, 0, 1, 12, 0);
    expect(expiryError(null, now)).toBeNull();
    expect(expiryError('2027-01-01 12:01:00', now)).toBeNull();
    expect(expiryError('2027-01-01 12:00:00', now)).not.toBeNull();
  });
});

describe('workload sources', () => {
  it('counts none while only client secrets work', () => {
    const source = (method: 'secret' | 'k8s', configured: boolean) => ({ sources: [{ method, label: method, configured }] });
    expect(noneConfigured([source('secret', true), source('k8s', false)])).toBe(true);
    expect(noneConfigured([source('secret', true), source('k8s', true)])).toBe(false);
  });
});
