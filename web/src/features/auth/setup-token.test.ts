import { expect, it } from 'vitest';
import { readSetupLink } from './setup-token';

it('tells the first administrator’s link from a person’s own', () => {
  expect(readSetupLink('#token=authsec_su_abc')).toEqual({ token: 'authsec_su_abc', person: null });
  expect(readSetupLink('#token=authsec_su_abc&for=ana%2Bx%40example.com')).toEqual({
    token: 'authsec_su_abc',
    person: 'ana+x@example.com',
  });
});

it('knows a link that was cut off', () => {
  expect(readSetupLink('')).toEqual({ token: '', person: null });
  expect(readSetupLink('#token=')).toEqual({ token: '', person: null });
});
