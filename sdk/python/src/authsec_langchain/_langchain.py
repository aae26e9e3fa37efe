"""What LangChain tools do, and under whose authority. Needs langchain-core."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Literal
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler

from ._bounded import remember
from ._client import AuthsecClient
from ._redact import one_line
from ._scope import Names, action_names, audience_names

_log = logging.getLogger("authsec_langchain.tools")
_MAX_RUNNING = 10_000


@dataclass(frozen=True)
class ToolRecord:
    """One moment of a tool's run. It never holds a token.

    Attributes:
        event: `start`, `end` or `error`.
        tool: the tool's name.
        run_id: LangChain's ID of the run, the same for its start and its end.
        parent_run_id: ID of the run that this one is part of.
        at: when, in UTC by the local clock.
        client_id: the agent.
        delegation_id: the delegation in force at that moment; None before the first token.
        permissions: the actions that it allowed.
        expires_at: when its token ends; None before the first token.
        detail: the input, the output or the error, redacted and shortened.
    """

    event: Literal["start", "end", "error"]
    tool: str
    run_id: UUID
    parent_run_id: UUID | None
    at: datetime
    client_id: str
    delegation_id: str | None
    permissions: tuple[str, ...]
    expires_at: datetime | None
    detail: str


class AuthsecCallbackHandler(BaseCallbackHandler):
    """Records and logs every tool's start, end and error, with the delegation that was in force.

        handler = AuthsecCallbackHandler(authsec)
        agent.invoke(messages, config={"callbacks": [handler]})
        handler.records

    It asks nothing of the server. Tokens that stand in a tool's input, output or error are replaced by `[redacted]`.
    It logs to `authsec_langchain.tools` at INFO (errors at WARNING), with the record as the log record's `authsec`.

    Args:
        client: whose delegation is in force.
        actions: the actions that the tools ask for, if not the configuration's.
        audience: the audience that the tools ask for, if not the configuration's.
        max_records: how many records to keep; the oldest go first.
        max_detail: how many characters of a payload to keep. 0 keeps none.
    """

    run_inline = True  # quick, and in order: LangChain would otherwise run it in a thread for asynchronous agents
    # Only tools are of interest. (LangChain files tools under "agent".)
    ignore_llm = True
    ignore_chat_model = True
    ignore_chain = True
    ignore_retriever = True

    def __init__(
        self,
        client: AuthsecClient,
        *,
        actions: Names | None = None,
        audience: Names | None = None,
        max_records: int = 1000,
        max_detail: int = 2000,
    ) -> None:
        super().__init__()
        self._client = client
        self._actions = None if actions is None else action_names(actions)
        self._audience = None if audience is None else audience_names(audience)
        self._max_detail = max_detail
        self._records: deque[ToolRecord] = deque(maxlen=max_records)
        self._tools: dict[UUID, str] = {}  # names of the tools that are running

    @property
    def records(self) -> tuple[ToolRecord, ...]:
        """What was recorded, the oldest first."""
        return tuple(self._records)

    def on_tool_start(
        self,
        serialized: dict[str, Any],
        input_str: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **kwargs: Any,
    ) -> None:
        """LangChain calls this before a tool runs."""
        name = (serialized or {}).get("name") or kwargs.get("name") or "unknown"
        remember(self._tools, run_id, name, _MAX_RUNNING)  # bounded: a cancelled tool has no end
        self._record("start", input_str, run_id, parent_run_id)

    def on_tool_end(self, output: Any, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any) -> None:
        """LangChain calls this after a tool has returned."""
        self._record("end", getattr(output, "content", output), run_id, parent_run_id)
        self._tools.pop(run_id, None)

    def on_tool_error(
        self, error: BaseException, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any
    ) -> None:
        """LangChain calls this after a tool has raised."""
        self._record("error", f"{type(error).__name__}: {error}", run_id, parent_run_id)
        self._tools.pop(run_id, None)

    def _record(
        self, event: Literal["start", "end", "error"], payload: object, run_id: UUID, parent_run_id: UUID | None
    ) -> None:
        delegation = self._client.cached_delegation(actions=self._actions, audience=self._audience)
        record = ToolRecord(
            event=event,
            tool=self._tools.get(run_id, "unknown"),
            run_id=run_id,
            parent_run_id=parent_run_id,
            at=datetime.now(timezone.utc),
            client_id=self._client.config.client_id,
            delegation_id=delegation.delegation_id if delegation else None,
            permissions=delegation.permissions if delegation else (),
            expires_at=delegation.expires_at if delegation else None,
            detail=one_line(self._client.redact(str(payload)), limit=self._max_detail) if self._max_detail else "",
        )
        self._records.append(record)
        _log.log(
            logging.WARNING if event == "error" else logging.INFO,
            "tool %s: %s client_id=%s delegation_id=%s permissions=%s expires_at=%s detail=%s",
            event,
            record.tool,
            record.client_id,
            record.delegation_id,
            " ".join(record.permissions) or None,
            record.expires_at.isoformat() if record.expires_at else None,
            record.detail,
            extra={"authsec": record},
        )
