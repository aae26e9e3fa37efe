import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as oauth from 'oauth4webapi';
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

const http = { [oauth.allowInsecureRequests]: true };

const discover = async (algorithm) =>
  oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm, ...http }));

const token = async (as, client, auth, parameters = {}, options = {}) =>
  oauth.processClientCredentialsResponse(
    as,
    client,
    await oauth.clientCredentialsGrantRequest(as, client, auth, new URLSearchParams(parameters), { ...http, ...options }),
  );

const exchange = async (as, client, auth, parameters) =>
  oauth.processGenericTokenEndpointResponse(
    as,
    client,
    await oauth.genericTokenEndpointRequest(as, client, auth, tokenExchange, parameters, http),
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
  assert.deepEqual(rfc8414.grant_types_supported, ['client_credentials', tokenExchange]);
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

test('a token of a person who is present is exchanged (RFC 8693)', async () => {
  const as = await discover('oauth2');
  const client = { client_id: agent.id };
  const got = await exchange(as, client, oauth.ClientSecretBasic(agent.secret), {
    subject_token: idToken,
    subject_token_type: tokenType('id_token'),
    resource: audience,
  });
  assert.equal(got.issued_token_type, tokenType('access_token'));
  const claims = await validate(as, got.access_token);
  assert.notEqual(claims.sub, person);
  assert.equal(claims.email, 'present@example.com');
  assert.equal(claims.act.client_id, agent.id);
  await assert.rejects(
    exchange(as, client, oauth.ClientSecretBasic(agent.secret), {
      subject_token: forged(idToken),
      subject_token_type: tokenType('id_token'),
    }),
    { error: 'invalid_request' },
  );
});

test('a token is handed on to a sub-agent, and ends with its parent (RFC 8693, RFC 7009)', async () => {
  const as = await discover('oauth2');
  const batch = { client_id: agent.id };
  const sub = { client_id: signer.id };
  const { access_token: parent } = await token(as, batch, oauth.ClientSecretBasic(agent.secret));
  const key = { key: await signerKey(), kid: signer.key.kid };
  const hand = (parameters) =>
    exchange(as, sub, oauth.PrivateKeyJwt(key), {
      subject_token: parent,
      subject_token_type: tokenType('access_token'),
      ...parameters,
    });
  const child = await hand({ scope: 'orders:read' });
  const claims = await validate(as, child.access_token);
  assert.equal(claims.sub, person);
  assert.equal(claims.scope, 'orders:read');
  assert.equal(claims.act.client_id, signer.id);
  assert.equal(claims.act.act.client_id, agent.id);
  await assert.rejects(hand({ resource: 'https://other.example.com' }), { error: 'invalid_target' });
  await assert.rejects(hand({ scope: 'billing:refund' }), { error: 'invalid_scope' });

  await oauth.processRevocationResponse(
    await oauth.revocationRequest(as, batch, oauth.ClientSecretBasic(agent.secret), parent, http),
  );
  const api = { client_id: resource.id };
  const introspected = await oauth.processIntrospectionResponse(
    as,
    api,
    await oauth.introspectionRequest(as, api, oauth.ClientSecretBasic(resource.secret), child.access_token, http),
  );
  assert.deepEqual(introspected, { active: false });
  await assert.rejects(hand({}), { error: 'invalid_request' });
});

test('a token is bound to a key by DPoP (RFC 9449)', async () => {
  const as = await discover('oauth2');
  const client = { client_id: agent.id };
  const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'));
  const ask = () => token(as, client, oauth.ClientSecretBasic(agent.secret), {}, { DPoP });
  await assert.rejects(ask(), (e) => oauth.isDPoPNonceError(e)); // and the handle keeps the nonce
  const got = await ask();
  assert.equal(got.token_type, 'dpop');
  let sent;
  await oauth.protectedResourceRequest(got.access_token, 'GET', new URL(`${audience}/bills`), undefined, undefined, {
    DPoP,
    [oauth.customFetch]: async (url, options) => {
      sent = new Request(url, options);
      return new Response('{}');
    },
  });
  const claims = await oauth.validateJwtAccessToken(as, sent, audience, { ...http, requireDPoP: true });
  assert.equal(claims.cnf.jkt.length, 43);
  await assert.rejects(validate(as, got.access_token), /DPoP/i); // as a Bearer token
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
