import { expect, it } from 'vitest';
import type { Source } from './kinds';
import { emptyValues, fromPreset, settingsOf, valuesOf } from './values';

const source = (rest: Partial<Source>): Source => ({
  id: '1',
  name: 'A source',
  kind: 'kubernetes',
  enabled: true,
  proves: ['kubernetes'],
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-01-01T00:00:00Z',
  ...rest,
});

// What is shown and saved again is what was there.
it.each<[string, Partial<Source>]>([
  ['discovered keys', { kind: 'kubernetes', kubernetes: { issuer: 'https://k', audience: 'a' } }],
  [
    'everything of a cluster',
    {
      kind: 'kubernetes',
      kubernetes: {
        issuer: 'https://k',
        audience: 'a',
        jwks: '{"keys":[]}',
        ca_bundle: 'PEM',
        api: { kubeconfig: '/etc/k', context: 'c' },
        token_review: true,
        max_token_seconds: 900,
      },
    },
  ],
  [
    'a cluster from inside',
    { kind: 'kubernetes', kubernetes: { issuer: 'https://k', audience: 'a', jwks_url: 'https://k/j', api: { in_cluster: true } } },
  ],
  ['a Workload API', { kind: 'spiffe', spiffe: { trust_domain: 'example.org', audience: 'a', workload_api: 'unix:///run/x' } }],
  ['https_web', { kind: 'spiffe', spiffe: { trust_domain: 'example.org', audience: 'a', bundle_url: 'https://b', ca_bundle: 'PEM' } }],
  [
    'https_spiffe',
    {
      kind: 'spiffe',
      spiffe: {
        trust_domain: 'example.org',
        audience: 'a',
        bundle_url: 'https://b',
        endpoint_spiffe_id: 'spiffe://example.org/b',
        bundle_file: '/b',
      },
    },
  ],
  ['a file', { kind: 'spiffe', spiffe: { trust_domain: 'example.org', audience: 'a', bundle_file: '/b' } }],
  [
    'an issuer',
    {
      kind: 'oidc',
      oidc: {
        preset: 'p',
        platform: 'github',
        issuer: 'https://i',
        audience: 'a',
        claims: [
          { claim: 'repository', selector: 'github:repository' },
          { claim: '/a/b', selector: 'github:ref', pattern: 'x(.*)' },
        ],
      },
    },
  ],
  ['this machine', { kind: 'unix', unix: {} }],
  ['this machine with containers', { kind: 'unix', unix: { docker_host: 'unix:///var/run/docker.sock' } }],
])('keeps %s', (_, rest) => {
  const before = source(rest);
  const settings = settingsOf(valuesOf(before, 'https://authsec.example.com'));
  expect(settings).toEqual({ [before.kind]: before[before.kind] });
});

it('sends nothing that the form does not show', () => {
  const v = emptyValues('a');
  v.kubernetes = { ...v.kubernetes, issuer: ' https://k ', jwks: 'left', jwks_url: 'left', kubeconfig: '/left', token_review: true };
  expect(settingsOf(v)).toEqual({ kubernetes: { issuer: 'https://k', audience: 'a' } });
  v.kind = 'spiffe';
  v.spiffe = {
    ...v.spiffe,
    trust_domain: 'example.org',
    bundle: 'file',
    bundle_file: '/b',
    bundle_url: 'https://left',
    endpoint_spiffe_id: 'left',
    ca_bundle: 'left',
  };
  expect(settingsOf(v)).toEqual({ spiffe: { trust_domain: 'example.org', audience: 'a', bundle_file: '/b' } });
});

it('fills in what a preset knows, and leaves the audience alone', () => {
  const v = emptyValues('https://authsec.example.com').oidc;
  const preset = {
    name: 'gitlab',
    label: 'GitLab',
    help: '',
    platform: 'gitlab',
    issuer: 'https://gitlab.com',
    audience: 'Any.',
    claims: [{ claim: 'ref', selector: 'gitlab:ref' }],
    max_token_seconds: 7200,
  } as const;
  const filled = fromPreset(v, { ...preset, claims: [...preset.claims] } as never);
  expect(filled).toMatchObject({
    preset: 'gitlab',
    platform: 'gitlab',
    issuer: 'https://gitlab.com',
    audience: 'https://authsec.example.com',
    max_token_seconds: 7200,
  });
  expect(filled.claims).toEqual([{ claim: 'ref', selector: 'gitlab:ref', pattern: '' }]);
});
