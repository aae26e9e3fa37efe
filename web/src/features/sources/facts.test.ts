import { expect, it } from 'vitest';
import { factsOf } from './facts';
import type { Source } from './kinds';

const source = (rest: Partial<Source>) =>
  ({ id: '1', name: 'x', enabled: true, proves: [], created_at: '', updated_at: '', ...rest }) as Source;

it('says what a source without access cannot prove', () => {
  const facts = factsOf(source({ kind: 'kubernetes', kubernetes: { issuer: 'https://k', audience: 'a' } }));
  expect(facts).toEqual([
    { label: 'Issuer', value: 'https://k' },
    { label: 'Audience', value: 'a' },
    { label: 'Signing keys', value: 'Discovered from the issuer' },
    { label: 'Access to the API', value: 'None: labels, images and container names cannot be proven' },
  ]);
});

it('leaves out what is not set, and names what is', () => {
  expect(factsOf(source({ kind: 'unix', unix: {} }))).toEqual([{ label: 'Docker API', value: 'None: containers are not looked up' }]);
  const facts = factsOf(source({ kind: 'spiffe', spiffe: { trust_domain: 'example.org', audience: 'a', bundle_file: '/b' } }));
  expect(facts.map((f) => f.label)).toEqual(['Trust domain', 'Audience', 'Bundle file']);
});
