import { createSign, generateKeyPairSync } from 'node:crypto';

/** An issuer whose key set is pasted, so that nothing needs to be reached. */
export function issuer(url: string) {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return {
    jwks: JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'RS256', use: 'sig' }] }),
    token(claims: Record<string, unknown>) {
      const now = Math.floor(Date.now() / 1000);
      const text = `${part({ alg: 'RS256', kid: 'k1', typ: 'JWT' })}.${part({ iss: url, iat: now, exp: now + 300, ...claims })}`;
      return `${text}.${createSign('RSA-SHA256').update(text).sign(privateKey).toString('base64url')}`;
    },
  };
}
