"""A scripted HTTP server, and one whose TLS breaks."""

from __future__ import annotations

import os
import re
import socket
import ssl
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

HOST = "127.0.0.1"


class ScriptedServer(ThreadingHTTPServer):
    """Answers each request with the next step of its script: `(status, body)`, `"hang"` or `"close"`.

    The last step answers all further requests.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__((HOST, 0), _Scripted)
        self.script: list[Any] = []
        self.requests: list[BaseHTTPRequestHandler] = []

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server_address[1]}"


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


class BreakingTls:
    """Reads one request by TLS, and then sends what is no TLS.

    `certificate`: the file of its certificate, which signs itself. `received`: the request.
    """

    def __init__(self, folder: Path) -> None:
        self.certificate = folder / "certificate.pem"
        self.received = b""
        key = folder / "key.pem"
        _write_certificate(self.certificate, key)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(self.certificate, key)
        self._listening = socket.create_server((HOST, 0))
        self._thread = threading.Thread(target=self._break, daemon=True)

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self._listening.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.join(5)
        self._listening.close()

    def _break(self) -> None:
        connection, _ = self._listening.accept()
        # The same connection without TLS.
        with (
            connection,
            socket.socket(fileno=os.dup(connection.fileno())) as plain,
            suppress(ssl.SSLError),
            self._context.wrap_socket(connection, server_side=True) as tls,
        ):
            self.received = _whole_request(tls)
            plain.sendall(b"This is not TLS, and nobody knows what the request did.")
            # To close before the client has read it, or with something unread, would reset the connection.
            plain.settimeout(5)
            with suppress(ConnectionError):
                while plain.recv(1 << 16):
                    pass


def _whole_request(tls: ssl.SSLSocket) -> bytes:
    """Head and body of one request: a client may send the body in a segment of its own."""
    read = tls.makefile("rb")
    head = b""
    while not head.endswith(b"\r\n\r\n") and (line := read.readline()):
        head += line
    length = re.search(rb"content-length: *([0-9]+)", head, re.IGNORECASE)
    return head + read.read(int(length[1]) if length else 0)


def _write_certificate(certificate: Path, key: Path) -> None:
    private, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(signed.public_bytes(Encoding.PEM))
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    key.write_bytes(pem)
