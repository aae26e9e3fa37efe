import { act, renderHook } from '@testing-library/react';
import { expect, it } from 'vitest';
import { readSetupLink, useSetupLink } from './setup-token';

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

it('takes the token out of the address, and a second link that is pasted over the first', () => {
  window.history.replaceState(null, '', '/setup#token=authsec_su_first');
  const { result, unmount } = renderHook(useSetupLink);
  expect(result.current).toEqual({ token: 'authsec_su_first', person: null });
  expect(window.location.hash).toBe('');
  act(() => {
    window.history.replaceState(null, '', '/setup#token=authsec_su_second&for=ana%40example.com');
    window.dispatchEvent(new Event('hashchange'));
  });
  expect(result.current).toEqual({ token: 'authsec_su_second', person: 'ana@example.com' });
  expect(window.location.hash).toBe('');
  act(() => {
    window.dispatchEvent(new Event('hashchange'));
  });
  expect(result.current.token).toBe('authsec_su_second');
  unmount();
});
