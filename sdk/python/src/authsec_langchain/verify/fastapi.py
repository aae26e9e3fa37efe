"""For FastAPI: a dependency that asks for actions, behind BearerMiddleware.

    from authsec_langchain.verify.asgi import BearerMiddleware
    from authsec_langchain.verify.fastapi import require_actions

    app = FastAPI()
    app.add_middleware(BearerMiddleware, verifier=verifier)


    @app.get("/bills/{bill}")
    def bill(bill: str, claims: Annotated[Claims, Depends(require_actions("billing:read"))]) -> dict[str, str]: ...

It needs FastAPI or Starlette: install this package with `[fastapi]`.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from ._claims import Claims
from ._refusal import MISPLACED, checked_actions, insufficient
from .asgi import KEY, Admitted


def require_actions(*actions: str) -> Callable[[HTTPConnection], Claims]:
    """Return a dependency that gives the token's claims when it holds every action named; none asks for a token alone.

    Otherwise the answer is 403 insufficient_scope. A route that BearerMiddleware did not check answers 500.

    Raises:
        ValueError: an action could not stand in a scope.
    """
    wanted = checked_actions(actions)
    refusal = insufficient(wanted)

    def claims(connection: HTTPConnection) -> Claims:
        admitted = connection.scope.get(KEY)
        if not isinstance(admitted, Admitted):
            raise HTTPException(MISPLACED.status, MISPLACED.description)
        if not all(admitted.claims.has_action(action) for action in wanted):
            admitted.refusal = refusal  # the middleware, which also knows the realm, answers with it
            raise HTTPException(refusal.status, refusal.description)
        return admitted.claims

    return claims
