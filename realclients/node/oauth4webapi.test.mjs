import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as oauth from 'oauth4webapi';
import { agent, audience, forged, issuer, nextKey, person, resource, signer, signerKey, until } from './server.mjs';

const http = { [oauth.allowInsecureRequests]: true };

const discover = async (algorithm) =>
  oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm, ...http }));

const token = async (as, client, auth, parameters = {}) =>
  oauth.processClientCredentialsResponse(
    as,
    client,
    await oauth.clientCredentialsGrantRequest(as, client, auth, new URLSearchParams(parameters), http),
  );

// What an API does with a request that carries the token (RFC 9068 §4).
const validate = (as, jwt, expected = audience) =>
  oauth.validateJwtAccessToken(
    as,
    new Request(`${audience}/bills`, { headers: { authorization: `Bearer ${jwt}` } }),
    expected,
    http,
  );

test('metadata is found by RFC 8414 §3 and by OpenID Connect Discovery §4, and says the same', async () => {
  const [rfc8414, oidc] = [await discover('oauth2'), await discover('oidc')];
  assert.equal(rfc8414.token_endpoint, new URL('/oauth2/token', issuer).href);
  assert.equal(oidc.token_endpoint, rfc8414.token_endpoint);
  assert.deepEqual(rfc8414.grant_types_supported, ['client_credentials']);
});

test('each way to authenticate gets a token that verifies', async () => {
  const as = await discover('oauth2');
  const key = { key: await signerKey(), kid: signer.key.kid };
  for (const [method, id, auth] of [
    ['client_secret_basic', agent.id, oauth.ClientSecretBasic(agent.secret)],
    ['client_secret_post', agent.id, oauth.ClientSecretPost(agent.secret)],
    ['private_key_jwt', signer.id, oauth.PrivateKeyJwt(key)],
  ]) {
    assert.ok(as.token_endpoint_auth_methods_supported.includes(method), method);
    const got = await token(as, { client_id: id }, auth, { scope: 'billing:read', resource: audience });
    assert.equal(got.token_type, 'bearer'); // the library lowers it
    assert.equal(got.scope, 'billing:read');
    const claims = await validate(as, got.access_token);
    assert.equal(claims.sub, person, method);
    assert.equal(claims.client_id, id, method);
    assert.equal(claims.scope, 'billing:read', method);
    await assert.rejects(validate(as, got.access_token, 'https://other.example.com'), /aud/);
    await assert.rejects(validate(as, forged(got.access_token)), /signature/);
  }
});

test('errors have the names that the library knows', async () => {
  const as = await discover('oauth2');
  const client = { client_id: agent.id };
  for (const [parameters, error] of [
    [{ scope: 'billing:refund' }, 'invalid_scope'],
    [{ resource: 'https://other.example.com' }, 'invalid_target'],
    [{ delegation_id: '0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e' }, 'invalid_grant'],
  ]) {
    await assert.rejects(token(as, client, oauth.ClientSecretBasic(agent.secret), parameters), (e) => {
      assert.ok(e instanceof oauth.ResponseBodyError);
      assert.equal(e.error, error);
      assert.equal(e.status, 400);
      return true;
    });
  }
  await assert.rejects(token(as, client, oauth.ClientSecretBasic('authsec_cs_wrong')), (e) => {
    assert.ok(e instanceof oauth.WWWAuthenticateChallengeError);
    assert.equal(e.status, 401);
    assert.equal(e.cause[0].scheme, 'basic');
    return true;
  });
});

test('a resource introspects a token, and no more once its agent revoked it (RFC 7662, RFC 7009)', async () => {
  const as = await discover('oauth2');
  const client = { client_id: agent.id };
  const { access_token: jwt } = await token(as, client, oauth.ClientSecretBasic(agent.secret));
  const api = { client_id: resource.id };
  const introspect = async (compact) =>
    oauth.processIntrospectionResponse(
      as,
      api,
      await oauth.introspectionRequest(as, api, oauth.ClientSecretBasic(resource.secret), compact, http),
    );
  const before = await introspect(jwt);
  assert.equal(before.active, true);
  assert.equal(before.sub, person);
  assert.deepEqual(await introspect(forged(jwt)), { active: false });
  await oauth.processRevocationResponse(
    await oauth.revocationRequest(as, client, oauth.ClientSecretBasic(agent.secret), jwt, http),
  );
  assert.deepEqual(await introspect(jwt), { active: false });
});

test('while keys rotate, every token verifies', { timeout: 8 * 60_000 }, async () => {
  const as = await discover('oauth2');
  const client = { client_id: agent.id };
  const kid = (jwt) => JSON.parse(Buffer.from(jwt.split('.')[0], 'base64url')).kid;
  const { access_token: first } = await token(as, client, oauth.ClientSecretBasic(agent.secret));
  let verified = 0;
  await until(async () => {
    const { access_token: jwt } = await token(as, client, oauth.ClientSecretBasic(agent.secret));
    await validate(as, jwt);
    verified += 1;
    return kid(jwt) === nextKey;
  });
  assert.ok(verified > 1);
  assert.notEqual(kid(first), nextKey);
  await validate(as, first);
});
