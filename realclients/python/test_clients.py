"""Authlib gets tokens and PyJWT verifies them; go test says which server is meant."""

import json
import os
import time
import unittest

import jwt
import requests
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc.jwk import ECKey

ISSUER, AUDIENCE, PERSON = (os.environ[n] for n in ("ISSUER", "AUDIENCE", "PERSON"))
CLIENT_ID, CLIENT_SECRET = os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]
ROTATION_SECONDS = 7 * 60  # for as long as a key waits to sign, and a minute


def metadata() -> dict:
    return requests.get(f"{ISSUER}/.well-known/oauth-authorization-server", timeout=10).json()


def session(method: str, **more: str) -> OAuth2Session:
    return OAuth2Session(CLIENT_ID, CLIENT_SECRET, token_endpoint_auth_method=method, **more)


def signing_session(token_endpoint: str) -> OAuth2Session:
    """A session of the agent that signs assertions; their aud is the token endpoint.

    Without exp, Authlib's are good for an hour, which is more than is taken.
    """
    key = ECKey.import_key(json.loads(os.environ["SIGNER_KEY"]))
    signs = OAuth2Session(os.environ["SIGNER_ID"], key, token_endpoint_auth_method="private_key_jwt")
    signs.register_client_auth_method(PrivateKeyJWT(token_endpoint, claims={"exp": int(time.time()) + 60}, alg="ES256"))
    return signs


class Verifier:
    """What an API does with a token, as docs/guide/verify-tokens.md has it."""

    def __init__(self, jwks_uri: str) -> None:
        self.keys = jwt.PyJWKClient(jwks_uri)

    def verify(self, token: str, audience: str = AUDIENCE) -> dict:
        if jwt.get_unverified_header(token)["typ"] != "at+jwt":
            raise jwt.InvalidTokenError("not an access token")
        key = self.keys.get_signing_key_from_jwt(token).key
        required = ["exp", "iat", "nbf", "sub", "client_id", "jti", "act"]
        return jwt.decode(
            token, key, algorithms=["RS256"], issuer=ISSUER, audience=audience, leeway=30, options={"require": required}
        )


def fetch(client: OAuth2Session, url: str, **more: str) -> dict:
    return client.fetch_token(url, grant_type="client_credentials", **more)


class Clients(unittest.TestCase):
    def setUp(self) -> None:
        self.server = metadata()
        self.endpoint = self.server["token_endpoint"]
        self.verifier = Verifier(self.server["jwks_uri"])

    def test_each_way_to_authenticate(self) -> None:
        for client in (session("client_secret_basic"), session("client_secret_post"), signing_session(self.endpoint)):
            with self.subTest(client.client_id), client:
                got = fetch(client, self.endpoint, scope="billing:read", resource=AUDIENCE)
                self.assertEqual((got["token_type"], got["scope"]), ("Bearer", "billing:read"))
                claims = self.verifier.verify(got["access_token"])
                self.assertEqual(
                    (claims["sub"], claims["client_id"], claims["scope"]), (PERSON, client.client_id, "billing:read")
                )
                with self.assertRaises(jwt.InvalidAudienceError):
                    self.verifier.verify(got["access_token"], "https://other.example.com")
                with self.assertRaises(jwt.InvalidSignatureError):
                    self.verifier.verify(got["access_token"][:-8] + "AAAAAAAA")

    def test_errors(self) -> None:
        for more, error in (
            ({"scope": "billing:refund"}, "invalid_scope"),
            ({"resource": "https://other.example.com"}, "invalid_target"),
        ):
            with session("client_secret_basic") as client, self.assertRaises(OAuthError) as refused:
                fetch(client, self.endpoint, **more)
            self.assertEqual(refused.exception.error, error)
            self.assertTrue(refused.exception.description)

    def test_introspection_and_revocation(self) -> None:
        resource = OAuth2Session(
            os.environ["RESOURCE_ID"], os.environ["RESOURCE_SECRET"], token_endpoint_auth_method="client_secret_basic"
        )
        with session("client_secret_basic") as client, resource:
            token = fetch(client, self.endpoint)["access_token"]
            self.assertTrue(
                resource.introspect_token(self.server["introspection_endpoint"], token=token).json()["active"]
            )
            self.assertEqual(client.revoke_token(self.server["revocation_endpoint"], token=token).status_code, 200)
            self.assertEqual(
                resource.introspect_token(self.server["introspection_endpoint"], token=token).json(), {"active": False}
            )

    def test_exchange(self) -> None:
        """A token of a person who is present (RFC 8693)."""
        kind = "urn:ietf:params:oauth:token-type:"
        with session("client_secret_basic") as client:
            got = client.fetch_token(
                self.endpoint,
                grant_type="urn:ietf:params:oauth:grant-type:token-exchange",
                subject_token=os.environ["PRESENT"],
                subject_token_type=kind + "id_token",
                resource=AUDIENCE,
            )
        self.assertEqual(got["issued_token_type"], kind + "access_token")
        claims = self.verifier.verify(got["access_token"])
        self.assertEqual((claims["email"], claims["act"]["client_id"]), ("present@example.com", CLIENT_ID))

    def test_while_keys_rotate_every_token_verifies(self) -> None:
        with session("client_secret_basic") as client:
            first = fetch(client, self.endpoint)["access_token"]
            self.assertNotEqual(jwt.get_unverified_header(first)["kid"], os.environ["NEXT_KEY"])
            end = time.monotonic() + ROTATION_SECONDS
            while time.monotonic() < end:
                token = fetch(client, self.endpoint)["access_token"]
                self.verifier.verify(token)
                if jwt.get_unverified_header(token)["kid"] == os.environ["NEXT_KEY"]:
                    break
                time.sleep(1)
            else:
                self.fail("the next key never signed")
            self.verifier.verify(first)


if __name__ == "__main__":
    unittest.main()
