"""Sends the core's requests over the network. The only module in which proof and wire meet."""

from __future__ import annotations

import ssl
import threading

import httpx

from ._config import AuthsecConfig
from ._core import Request, Surroundings
from ._dpop import DPoPKey, usable_nonce
from ._errors import AuthsecClosedError, AuthsecConfigError
from ._proof import Proof, Search, find_proof
from ._redact import REDACTED, one_line
from ._reply import NONCE, Response, Unreachable
from ._tls import Certificate, tls_context
from ._urls import is_socket, root, socket_path

MAX_BODY = 64 * 1024
SHORTEST_SECRET = 8  # blotting out anything shorter would tear up the text around it
_TRANSIENT = (httpx.TimeoutException, httpx.NetworkError, httpx.RemoteProtocolError, httpx.ProxyError)


class Transport:
    """A connection pool that is opened at first use. May be used from any thread.

    It keeps secrets in: httpx's own errors carry the request with its Authorization header, so they end here as text,
    and a proof that an error body echoes is blotted out.
    """

    def __init__(self, config: AuthsecConfig, around: Surroundings, key: DPoPKey | None) -> None:
        self._config = config
        self._clock = around.clock
        self._now = around.now
        self._key = key
        self._nonce = ""  # that the server gave last
        self._closed = False
        self.reset()

    def reset(self) -> None:
        """Forget connections without touching them: after a fork they are the parent's."""
        self._lock = threading.Lock()
        self._client: httpx.Client | None = None
        self._replaced: httpx.Client | None = None  # in whose connections requests may still be under way
        self._certificate: Certificate | None = None

    def close(self) -> None:
        """Close the connections, also those in use. Every later send raises AuthsecClosedError."""
        with self._lock:
            self._closed = True
            clients = (self._client, self._replaced)
            self._client = self._replaced = None
        for client in clients:
            if client is not None:
                client.close()

    def send(self, request: Request) -> Response | Unreachable:
        """Send one request with the proof of the moment, and return what came of it.

        Raises:
            AuthsecWorkloadTokenError: the proof cannot be read.
            AuthsecConfigError: the CA bundle or the proxy cannot be used.
            AuthsecClosedError: close() was called, before or meanwhile.
        """
        found = find_proof(self._config)
        try:
            return self._exchange(self._open(), request, found)
        except (httpx.HTTPError, RuntimeError) as error:  # RuntimeError: the pool was closed under the request
            fault = _unreachable(error, found.proof)
        if self._closed:
            raise AuthsecClosedError("the client was closed during a fetch.")
        return fault

    def _exchange(self, client: httpx.Client, request: Request, found: Search) -> Response:
        proof = found.proof
        headers = dict(request.headers)
        if proof is not None:
            headers["Authorization"] = proof.authorization
        if self._key is not None:
            path = request.url.removeprefix(root(self._config.base_url))
            url = (self._config.public_url or root(self._config.base_url)) + path
            headers["DPoP"] = self._key.proof("GET", url, now=self._now().timestamp(), nonce=self._nonce)
        with client.stream("GET", request.url, headers=headers) as answer:
            body, truncated = self._read(answer)
            shown = {name.lower(): value for name, value in answer.headers.items()}
        self._nonce = usable_nonce(shown.get(NONCE, "")) or self._nonce
        if answer.status_code != httpx.codes.OK and proof is not None:
            for secret in (secret for secret in proof.secrets if len(secret) >= SHORTEST_SECRET):
                body = body.replace(secret.encode("utf-8"), REDACTED.encode("ascii"))
                shown = {name: value.replace(secret, REDACTED) for name, value in shown.items()}
        return Response(answer.status_code, shown, body, truncated, found.tried)

    def _read(self, answer: httpx.Response) -> tuple[bytes, bool]:
        """Read the body as it is on the wire, up to the limit and not past the time for one request."""
        give_up_at = self._clock() + self._config.timeout
        body = bytearray()
        for chunk in answer.iter_raw():
            body += chunk
            if len(body) > MAX_BODY:
                return bytes(body[:MAX_BODY]), True
            if self._clock() > give_up_at:  # httpx's timeout is for each read: a server that drips would never meet it
                raise httpx.ReadTimeout("the answer came too slowly")
        return bytes(body), False

    def _open(self) -> httpx.Client:
        with self._lock:
            if self._closed:
                raise AuthsecClosedError("the client is closed.")
            certificate = Certificate.of(self._config)
            if self._client is None or certificate != self._certificate:
                fresh = _build_client(self._config)
                if self._replaced is not None:
                    self._replaced.close()
                self._client, self._replaced, self._certificate = fresh, self._client, certificate
            return self._client


def _build_client(config: AuthsecConfig) -> httpx.Client:
    verify: ssl.SSLContext | bool = True
    if config.ca_bundle is not None or config.client_cert_file is not None:
        verify = tls_context(config)
    try:
        return httpx.Client(
            verify=verify,
            transport=httpx.HTTPTransport(uds=socket_path(config.base_url)) if is_socket(config.base_url) else None,
            proxy=config.proxy.get_secret_value() if config.proxy is not None else None,
            timeout=httpx.Timeout(config.timeout),
            follow_redirects=False,  # a redirect would take the proof to another server
            # Proxies of the environment are for the way out; plain http, which is allowed on this machine, stays on it.
            trust_env=config.base_url.startswith("https:"),
        )
    except (ImportError, ValueError):  # the message may hold the proxy's password
        fault = "proxy is of a kind that this installation of httpx cannot use (SOCKS needs httpx[socks])."
    raise AuthsecConfigError(fault)


def _unreachable(error: Exception, proof: Proof | None) -> Unreachable:
    secrets = proof.secrets if proof is not None else ()
    reason = one_line(f"{type(error).__name__}: {error}", limit=300, secrets=secrets)
    permanent = not isinstance(error, _TRANSIENT) or _is_certificate_fault(error)
    return Unreachable(f"{reason}.", permanent)


def _is_certificate_fault(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
