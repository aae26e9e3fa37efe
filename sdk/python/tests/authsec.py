"""The real AuthSec server, with an administrator and whatever a test makes in it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[3]
ADMIN = {"email": "admin@example.com", "password": "correct horse battery"}
PATIENCE = 30.0


def build(folder: Path) -> Path:
    """Return the program: AUTHSEC_BINARY, or built from this repository into folder."""
    if given := os.environ.get("AUTHSEC_BINARY"):
        return Path(given)
    program = folder / "authsec"
    if shutil.which("go") is None:
        built = ROOT / "bin" / "authsec"
        assert built.exists(), "the server is needed: install Go, or run make build, or name it by AUTHSEC_BINARY"
        return built
    done = subprocess.run(
        ["go", "build", "-tags", "noconsole", "-o", str(program), "./cmd/authsec"],
        cwd=ROOT,
        env=os.environ | {"GOWORK": "off", "CGO_ENABLED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return program


def free_port() -> int:
    """Return a port where nobody listens now: an issuer has to be known before the start."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class Authsec:
    """A running server. Its administrator is the person who delegates."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.admin = httpx.Client(base_url=url, trust_env=False, timeout=PATIENCE)

    def api(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Call the administration API as the administrator."""
        answer = self.admin.request(method, f"/api/v1{path}", json=body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        said: dict[str, Any] = answer.json() if answer.content else {}
        return said


@contextmanager
def running(program: Path, folder: Path, **more: str) -> Iterator[Authsec]:
    """Run the program with its data in folder, and more AUTHSEC_… settings, until the end."""
    port = free_port()
    authsec = Authsec(f"http://127.0.0.1:{port}")
    settings = {
        "AUTHSEC_DATA_DIR": str(folder / "data"),
        "AUTHSEC_LISTEN": f"127.0.0.1:{port}",
        "AUTHSEC_PUBLIC_URL": authsec.url,
        "AUTHSEC_ADMIN_EMAIL": ADMIN["email"],
        "AUTHSEC_ADMIN_PASSWORD": ADMIN["password"],
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(program), "serve"],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), **settings, **more},
            stdout=log,
            stderr=log,
        )
    try:
        _wait(authsec, process, folder / "log")
        authsec.api("POST", "/session", ADMIN)
        yield authsec
    finally:
        authsec.admin.close()
        process.kill()
        process.wait()


def _wait(authsec: Authsec, process: subprocess.Popen[bytes], log: Path) -> None:
    give_up_at = time.monotonic() + PATIENCE
    while time.monotonic() < give_up_at and process.poll() is None:
        try:
            if authsec.admin.get("/readyz").is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"the server is not ready:\n{log.read_text()}")
