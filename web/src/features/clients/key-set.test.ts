import { expect, it } from 'vitest';
import { readKeySet } from './key-set';

it('takes a set, or one key', () => {
  const key = { kty: 'OKP', crv: 'Ed25519', x: 'x' };
  expect(readKeySet(JSON.stringify({ keys: [key] }))).toEqual({ keys: [key] });
  expect(readKeySet(JSON.stringify(key))).toEqual({ keys: [key] });
});

it.each(['', '{', '[]', 'null', '"x"', '{}', '{"keys":[]}', '{"keys":"x"}', '-----BEGIN PUBLIC KEY-----'])(
  'says what to paste: %s',
  (text) => {
    expect(readKeySet(text)).toContain('JWK Set');
  },
);
