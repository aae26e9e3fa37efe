import { expect, it } from 'vitest';
import { bodyOf, changesOf, emptyValues, type Provider, valuesOf } from './values';

const provider: Provider = {
  id: '1',
  name: 'Company directory',
  enabled: true,
  issuer: 'https://id.example.com',
  audience: 'api://authsec',
  jwks_url: 'https://id.example.com/jwks',
  max_token_seconds: 900,
  create_users: true,
  sign_in: true,
  client_id: 'authsec',
  client_secret_file: '/etc/authsec/oidc-secret',
  scopes: ['email'],
  redirect_uri: 'https://auth.example.com/api/v1/sign-in/callback',
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-01-01T00:00:00Z',
};

it('adds what was filled in, and nothing else', () => {
  expect(bodyOf({ ...emptyValues, name: ' Company directory ', issuer: ' https://id.example.com ', audience: 'api://authsec' })).toEqual({
    name: 'Company directory',
    issuer: 'https://id.example.com',
    audience: 'api://authsec',
  });
});

it('keeps what is shown and saved again', () => {
  const { id, enabled, redirect_uri, created_at, updated_at, ...settings } = provider;
  expect(bodyOf(valuesOf(provider))).toEqual(settings);
  expect(changesOf(valuesOf(provider), valuesOf(provider))).toBeUndefined();
});

it('sends only what changed, and takes away what the form hides', () => {
  const start = valuesOf(provider);
  expect(changesOf(start, { ...start, name: 'Staff' })).toEqual({ name: 'Staff' });
  expect(changesOf(start, { ...start, keys: 'discover' })).toEqual({ jwks_url: '' });
  expect(changesOf(start, { ...start, max_token_seconds: '' })).toEqual({ max_token_seconds: 0 });
  expect(changesOf(start, { ...start, sign_in: false })).toEqual({ sign_in: false, client_id: '', client_secret_file: '', scopes: [] });
  expect(changesOf(start, { ...start, audience: '' })).toEqual({ audience: '' });
});

it('suggests scopes to whoever switches sign-in on, and sends none before', () => {
  const start = valuesOf({ ...provider, sign_in: false, client_id: '', client_secret_file: '', scopes: [] });
  expect(start.scopes).toEqual(['email', 'profile']);
  expect(changesOf(start, start)).toBeUndefined();
  expect(changesOf(start, { ...start, sign_in: true, client_id: 'authsec' })).toEqual({
    sign_in: true,
    client_id: 'authsec',
    scopes: ['email', 'profile'],
  });
});
