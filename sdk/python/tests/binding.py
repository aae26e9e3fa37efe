"""A token endpoint that binds tokens to DPoP keys, and holds every proof to RFC 9449."""

from __future__ import annotations

from authsec_langchain.verify import InvalidProofError
from authsec_langchain.verify._dpop import Proof, Request, parse_proof
from conftest import World
from server import PATH, FakeServer, Received, Reply, error_reply, token_reply


class BindingServer:
    """Answers for a FakeServer. `nonce` is what it demands, where it demands one."""

    def __init__(self, server: FakeServer, world: World) -> None:
        self.server = server
        self.world = world
        self.nonce = "nonce-1"
        self.public_url = server.url
        self.proofs: list[Proof] = []
        self.refused: list[str] = []
        server.answer = self.answer

    def answer(self, request: Received) -> Reply:
        reply = self._answer(request)
        if self.nonce and request.headers.get_all("DPoP"):
            reply.headers["DPoP-Nonce"] = self.nonce
        if reply.status != 200:
            self.refused.append(str(reply.body["error"]) if isinstance(reply.body, dict) else "")
        return reply

    def _answer(self, request: Received) -> Reply:
        proofs = request.headers.get_all("DPoP") or []
        if not proofs:
            return token_reply("bearer")
        if len(proofs) > 1:
            return error_reply(400, "invalid_dpop_proof", "Twice.")
        try:
            expected = Request("GET", self.public_url + PATH, "", self.world.wall.timestamp())
            proof = parse_proof(proofs[0], expected)
        except InvalidProofError as error:
            return error_reply(400, "invalid_dpop_proof", error.reason)
        if proof.nonce != self.nonce:
            return error_reply(400, "use_dpop_nonce", "Use it.")
        if proof.proof_id in [known.proof_id for known in self.proofs]:
            return error_reply(400, "invalid_dpop_proof", "Seen before.")
        self.proofs.append(proof)
        return token_reply(f"bound-{len(self.proofs)}", token_type="DPoP", cnf={"jkt": proof.thumbprint})
