"""A scripted HTTP server."""

from __future__ import annotations

import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class ScriptedServer(ThreadingHTTPServer):
    """Answers each request with the next step of its script: `(status, body)`, `"hang"` or `"close"`.

    The last step answers all further requests.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Scripted)
        self.script: list[Any] = []
        self.requests: list[BaseHTTPRequestHandler] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Scripted(BaseHTTPRequestHandler):
    server: ScriptedServer
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self.server.requests.append(self)
        script = self.server.script
        step = script.pop(0) if len(script) > 1 else script[0]
        if step == "hang":
            time.sleep(1)
        if isinstance(step, str):
            self.close_connection = True
            return
        status, body = step
        self.send_response(status)
        self.send_header("x-amzn-requestid", f"req-{len(self.server.requests)}")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    do_GET = do_POST = do_PUT = do_DELETE = _answer

    def log_message(self, format: str, *args: Any) -> None:
        pass
