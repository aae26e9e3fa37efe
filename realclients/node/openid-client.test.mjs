import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as client from 'openid-client';
import {
  agent,
  audience,
  forged,
  idToken,
  issuer,
  nextKey,
  person,
  resource,
  signer,
  signerKey,
  tokenExchange,
  tokenType,
  until,
} from './server.mjs';

const discover = (id, auth, algorithm = 'oauth2') =>
  client.discovery(issuer, id, undefined, auth, { algorithm, execute: [client.allowInsecureRequests] });

// jose verifies as an API would: by the key set that the metadata names.
const verifier = (config) => {
  const keys = createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri));
  return (jwt) => jwtVerify(jwt, keys, { issuer: issuer.origin, audience, algorithms: ['RS256'], typ: 'at+jwt' });
};

test('each way to authenticate gets a token that verifies', async () => {
  const key = { key: await signerKey(), kid: signer.key.kid };
  for (const [id, auth, algorithm] of [
    [agent.id, client.ClientSecretBasic(agent.secret), 'oauth2'],
    [agent.id, client.ClientSecretPost(agent.secret), 'oidc'],
    [signer.id, client.PrivateKeyJwt(key), 'oauth2'],
  ]) {
    const config = await discover(id, auth, algorithm);
    const got = await client.clientCredentialsGrant(config, { scope: 'orders:read', resource: audience });
    assert.ok(got.expiresIn() > 3500 && got.expiresIn() <= 3600);
    const { payload } = await verifier(config)(got.access_token);
    assert.equal(payload.sub, person);
    assert.equal(payload.client_id, id);
    assert.equal(payload.scope, 'orders:read');
    await assert.rejects(verifier(config)(forged(got.access_token)), { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' });
  }
});

test('errors have the names that the library knows', async () => {
  const config = await discover(agent.id, client.ClientSecretPost(agent.secret));
  await assert.rejects(client.clientCredentialsGrant(config, { scope: 'openid' }), { error: 'invalid_scope', status: 400 });
  await assert.rejects(client.clientCredentialsGrant(config, { resource: 'https://other.example.com' }), { error: 'invalid_target', status: 400 });
});

test('a token is introspected and revoked (RFC 7662, RFC 7009)', async () => {
  const config = await discover(agent.id, client.ClientSecretBasic(agent.secret));
  const api = await discover(resource.id, client.ClientSecretPost(resource.secret));
  const { access_token: jwt } = await client.clientCredentialsGrant(config);
  assert.equal((await client.tokenIntrospection(api, jwt)).active, true);
  await client.tokenRevocation(config, jwt);
  assert.deepEqual({ ...(await client.tokenIntrospection(api, jwt)) }, { active: false });
});

test('a token of a person who is present is exchanged (RFC 8693)', async () => {
  const config = await discover(agent.id, client.ClientSecretBasic(agent.secret));
  const got = await client.genericGrantRequest(config, tokenExchange, {
    subject_token: idToken,
    subject_token_type: tokenType('id_token'),
    resource: audience,
  });
  const { payload } = await verifier(config)(got.access_token);
  assert.equal(payload.email, 'present@example.com');
  assert.equal(got.issued_token_type, tokenType('access_token'));
});

test('a token is bound to a key by DPoP, nonces and all (RFC 9449)', async () => {
  const config = await discover(agent.id, client.ClientSecretBasic(agent.secret));
  const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair());
  const got = await client.clientCredentialsGrant(config, { resource: audience }, { DPoP });
  assert.equal(got.token_type, 'dpop');
  assert.equal((await verifier(config)(got.access_token)).payload.cnf.jkt.length, 43);
});

test('while keys rotate, every token verifies', { timeout: 8 * 60_000 }, async () => {
  const config = await discover(agent.id, client.ClientSecretBasic(agent.secret));
  const verify = verifier(config);
  const { access_token: first } = await client.clientCredentialsGrant(config);
  await until(async () => {
    const { access_token: jwt } = await client.clientCredentialsGrant(config);
    return (await verify(jwt)).protectedHeader.kid === nextKey;
  });
  assert.notEqual((await verify(first)).protectedHeader.kid, nextKey);
});
