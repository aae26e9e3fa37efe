import { expect, it } from 'vitest';
import { keyFacts, keySettings, keysOf, noKeys } from './signing-keys';

it.each([
  ['discovered', {}],
  ['from a URL', { jwks_url: 'https://issuer.example.com/jwks' }],
  ['pasted, with an authority and a limit', { jwks: '{"keys":[]}', ca_bundle: 'PEM', max_token_seconds: 900 }],
])('keeps keys that are %s', (_, settings) => {
  expect(keySettings(keysOf(settings))).toEqual(settings);
});

it('sends nothing that the form does not show', () => {
  expect(keySettings({ ...noKeys, jwks: 'left', jwks_url: 'left', ca_bundle: ' ' })).toEqual({});
  expect(keySettings({ ...noKeys, keys: 'url', jwks: 'left', jwks_url: ' https://i/j ' })).toEqual({ jwks_url: 'https://i/j' });
});

it('says where keys come from', () => {
  expect(keyFacts({})[0]).toEqual(['Signing keys', 'Discovered from the issuer']);
  expect(keyFacts({ jwks_url: 'https://i/j' })[0]).toEqual(['Signing keys', 'https://i/j']);
  expect(keyFacts({ jwks: '{}' })[0]).toEqual(['Signing keys', 'Pasted']);
});
