"""gunicorn's threaded worker, with a place for pages beside the API's changes, and problems instead of HTML.

An event site may start 200 shows within a second. Such calls take at most half of the threads; the others of
them wait, while pages, lists and a person's own *Stop* pass them. A request that has not come whole holds no
thread; one that is too large to wait for has one thread in four, for a while only (`arrivals`,
`patient_socket`). One whose answer is sent holds none, whatever its client still sends or leaves undone
(`lingering`).

A request that cannot be read never reaches Django: its first line or its headers are too long, or they are
not HTTP. Its path may be unknown, so the answer is the API's for every path; a person can read it too.
"""

from __future__ import annotations

import re
import selectors
import socket
import time
from functools import partial
from http import HTTPStatus
from typing import Any

from gunicorn import util
from gunicorn.http import errors
from gunicorn.workers.gthread import (
    DEFAULT_WORKER_DATA_TIMEOUT,
    STOP_KEEPALIVE_LINGER,
    TConn,
    ThreadWorker,
)

from streamhub import patient_socket
from streamhub.arrivals import MOST_BYTES, Arrival, Lane, arrival
from streamhub.early_problems import early_problem
from streamhub.lingering import LINGER_SECONDS, Lingering
from streamhub.patient_socket import PatientSocket

_LONG_LINE = "The address is too long."
_LONG_HEADERS = "There are too many request headers, or one of them is too long."
_NOT_HTTP = "This is not a valid HTTP request."
_LATE = "The request did not come to its end in time."
_BUSY = "Too many large requests came at once. Send it again in a moment."
# Mistakes of the application or of gunicorn's settings, not of the client.
_OURS = (errors.ConfigurationProblem, errors.InvalidResponseHeader, errors.InvalidResponseHeaderName)


# A body that nobody read and that comes within this time does not end its connection.
_REST_SECONDS = 0.1
# So long a large request waits for its turn.
_TURN_SECONDS = 60.0

_CHANGE = re.compile(rb"(POST|PUT|PATCH|DELETE) /api/")


def changes_through_the_api(beginning: bytes) -> bool:
    """Whether a request that begins so is a call of the API that changes something."""
    return _CHANGE.match(beginning) is not None


def refusal(exc: Exception) -> tuple[HTTPStatus, str]:
    """The status and the sentence for what gunicorn could not read."""
    if isinstance(exc, errors.LimitRequestLine):
        return HTTPStatus.REQUEST_URI_TOO_LONG, _LONG_LINE
    if isinstance(exc, errors.LimitRequestHeaders):
        return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, _LONG_HEADERS
    if isinstance(exc, errors.UnsupportedTransferCoding):
        return HTTPStatus.NOT_IMPLEMENTED, "Send the body as it is, with its length."
    if isinstance(exc, errors.ExpectationFailed):
        return HTTPStatus.EXPECTATION_FAILED, "Only 100-continue can be expected."
    if isinstance(exc, errors.ParseException) and not isinstance(exc, _OURS):
        return HTTPStatus.BAD_REQUEST, _NOT_HTTP
    return HTTPStatus.INTERNAL_SERVER_ERROR, "StreamHub had an internal error. The log has the details."


def answer(status: HTTPStatus, detail: str) -> bytes:
    """The whole HTTP answer, with a problem as its body."""
    headers, body = early_problem(status, detail)
    lines = [f"HTTP/1.1 {status.value} {status.phrase}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


class StreamHubWorker(ThreadWorker):
    """All methods but `_keepalive_after` and `handle_error` run in the main thread of the process."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._changes = Lane[TConn](max(1, self.cfg.threads // 2))
        self._large = Lane[TConn](max(1, self.cfg.threads // 4))
        # Until when the rest of a request has to come, or the turn of a large one.
        self._unread: dict[TConn, float] = {}

    def run(self) -> None:
        self._lingering = Lingering(self.poller)
        super().run()

    def enqueue_req(self, conn: TConn) -> None:
        """Give the request to a thread: once it is whole, and when a change before it is done."""
        self._give_patience(conn)
        beginning = self._beginning(conn)
        if beginning is None:
            self._await_data(conn)
        else:
            self._place(conn, beginning)

    def _place(self, conn: TConn, beginning: bytes) -> None:
        found = arrival(beginning) if beginning else Arrival.WHOLE
        if found == Arrival.COMING:
            self._await_more(conn, len(beginning))
        elif found == Arrival.LARGE:
            self._read_slowly(conn)
        else:
            self._unread.pop(conn, None)
            if not changes_through_the_api(beginning) or self._changes.enter(conn):
                super().enqueue_req(conn)

    def _read_slowly(self, conn: TConn) -> None:
        self._unread[conn] = time.monotonic() + _TURN_SECONDS
        if self._large.enter(conn):
            self._begin(conn)

    def _begin(self, conn: TConn) -> None:
        self._unread.pop(conn, None)
        super().enqueue_req(conn)

    def _give_patience(self, conn: TConn) -> None:
        """To one request. Under TLS of gunicorn's own, which StreamHub does not use, there are no limits."""
        if self.cfg.is_ssl:
            return
        if not isinstance(conn.sock, PatientSocket):
            conn.sock = PatientSocket.of(conn.sock)
        conn.sock.expect_request()

    def _beginning(self, conn: TConn) -> bytes | None:
        """What has come of the request, without taking it; None before anything came.

        Empty where it says nothing: under TLS, of a client that is gone, of what was read too far before.
        """
        if self.cfg.is_ssl or (conn.parser is not None and conn.parser.unreader.buf.getvalue()):
            return b""
        try:
            return bytes(conn.sock.recv(MOST_BYTES, socket.MSG_PEEK | socket.MSG_DONTWAIT))
        except BlockingIOError:
            return b"" if conn.initialized else None
        except OSError:
            return b""

    def _await_data(self, conn: TConn) -> None:
        """As gunicorn does it, but at once and not after five seconds in a thread."""
        conn.timeout = time.monotonic() + DEFAULT_WORKER_DATA_TIMEOUT + self.cfg.keepalive
        self.pending_conns.append(conn)
        readable = partial(self.on_pending_socket_readable, conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, readable)

    def _await_more(self, conn: TConn, have: int) -> None:
        """Look again when there is more than `have` bytes, which is what the low-water mark means."""
        self._unread.setdefault(conn, time.monotonic() + patient_socket.PATIENCE_SECONDS)
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, have + 1)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._more_came, conn, have))

    def _more_came(self, conn: TConn, have: int, _socket: object) -> None:
        self.poller.unregister(conn.sock)
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
        beginning = self._beginning(conn) or b""
        if len(beginning) > have:
            self._place(conn, beginning)
        else:  # the client's end, or a socket without such a mark
            self._read_slowly(conn)

    def _end_late_requests(self) -> None:
        now = time.monotonic()
        for conn in [conn for conn, until in self._unread.items() if until <= now]:
            del self._unread[conn]
            if self._large.give_up(conn):
                self._refuse(conn, HTTPStatus.SERVICE_UNAVAILABLE, _BUSY)
            else:
                self.poller.unregister(conn.sock)
                self._refuse(conn, HTTPStatus.REQUEST_TIMEOUT, _LATE)

    def _refuse(self, conn: TConn, status: HTTPStatus, detail: str) -> None:
        """Answer without reading the request."""
        try:
            conn.sock.send(answer(status, detail), socket.MSG_DONTWAIT)
        except OSError as error:
            self.log.debug("The client took no answer: %s", error)
        self._lingering.add(conn.sock, self._closed, LINGER_SECONDS)

    def finish_request(self, conn: TConn, fs: Any) -> None:
        """Keep or close the connection of an answered request, and let the next one begin."""
        for lane in (self._changes, self._large):
            if following := lane.leave(conn):
                self._begin(following)
        if self.cfg.is_ssl or fs.cancelled() or fs.exception() or fs.result():
            super().finish_request(conn, fs)
        else:
            seconds = LINGER_SECONDS if self.alive else STOP_KEEPALIVE_LINGER
            self._lingering.add(conn.sock, self._closed, seconds)

    def _closed(self) -> None:
        self.nr_conns -= 1

    def murder_pending(self) -> None:
        """Called once a second: close what waits for its client too long, before or after a request."""
        super().murder_pending()
        self._end_late_requests()
        self._lingering.end_late()

    def _cap_keepalive(self, deadline: float) -> None:
        super()._cap_keepalive(deadline)
        self._unread = {conn: min(until, deadline) for conn, until in self._unread.items()}
        self._lingering.end_by(deadline)

    def _keepalive_after(self, conn: TConn, keepalive: bool) -> bool:
        """Whether the connection is kept. What nobody read of a body is waited for, but hardly."""
        if isinstance(conn.sock, PatientSocket):
            conn.sock.hurry(_REST_SECONDS)
        return bool(super()._keepalive_after(conn, keepalive))

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:
        """Log as gunicorn does, and answer with a problem."""
        status, detail = refusal(exc)
        address = addr[0] if addr else ""
        if status < HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.NOT_IMPLEMENTED:
            self.log.warning("Invalid request from ip=%s: %s", address, exc)
        else:
            self.log.exception("Error handling request %s", getattr(req, "uri", "(no URI read)"))
        try:
            util.write_nonblock(client, answer(status, detail))
        except OSError as error:
            self.log.debug("The client took no answer: %s", error)
