"""A SPIFFE Workload API on a Unix socket, over real gRPC: it issues JWT-SVIDs as an agent of SPIRE does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc  # type: ignore[import-untyped]  # it has no types
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from spiffe._proto import workload_pb2, workload_pb2_grpc

SPIFFE_ID = "spiffe://example.org/support"
_KEY = ec.generate_private_key(ec.SECP256R1())


def svid(audience: list[str]) -> str:
    now = int(time.time())
    claims = {"sub": SPIFFE_ID, "aud": audience, "exp": now + 300, "iat": now}
    return jwt.encode(claims, _KEY, algorithm="ES256", headers={"kid": "k"})


class WorkloadAPI(workload_pb2_grpc.SpiffeWorkloadAPIServicer):
    """Keeps what it was asked and issued. `refuse` makes it answer as an agent that does not know the workload."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.issued: list[str] = []
        self.refuse = False

    def FetchJWTSVID(self, request: Any, context: Any) -> Any:  # noqa: N802
        if dict(context.invocation_metadata()).get("workload.spiffe.io") != "true":
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "security header missing from request")
        if self.refuse:
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "no identity issued")
        self.asked.append(list(request.audience))
        self.issued.append(svid(list(request.audience)))
        return workload_pb2.JWTSVIDResponse(svids=[workload_pb2.JWTSVID(spiffe_id=SPIFFE_ID, svid=self.issued[-1])])


@contextmanager
def workload_api(socket: str) -> Iterator[WorkloadAPI]:
    api = WorkloadAPI()
    server = grpc.server(ThreadPoolExecutor(max_workers=2))
    workload_pb2_grpc.add_SpiffeWorkloadAPIServicer_to_server(api, server)  # type: ignore[no-untyped-call]
    server.add_insecure_port(f"unix:{socket}")
    server.start()
    try:
        yield api
    finally:
        server.stop(0).wait()
