import { expect, it } from 'vitest';
import { weakens } from './SenderConstraint';

it('knows what lets tokens through that were not before', () => {
  for (const to of ['none', 'any', 'dpop', 'mtls'] as const) expect(weakens('none', to)).toBe(false);
  expect(weakens('any', 'none')).toBe(true);
  expect(weakens('any', 'dpop')).toBe(false);
  expect(weakens('dpop', 'any')).toBe(true);
  expect(weakens('dpop', 'mtls')).toBe(true);
  expect(weakens('mtls', 'none')).toBe(true);
  expect(weakens('dpop', 'dpop')).toBe(false);
});
