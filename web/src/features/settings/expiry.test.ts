import { describe, expect, it } from 'vitest';
import { expiryError } from './expiry';

describe('expiry', () => {
  it('wants the future, or nothing', () => {
    const now = new Date(2027, 0, 1, 12, 0);
    expect(expiryError(null, now)).toBeNull();
    expect(expiryError('2027-01-01 12:01:00', now)).toBeNull();
    expect(expiryError('2027-01-01 12:00:00', now)).not.toBeNull();
  });
});
