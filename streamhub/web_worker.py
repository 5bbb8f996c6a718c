"""gunicorn's threaded worker, with a problem instead of an HTML page for requests that it cannot read.

Such a request never reaches Django: its first line or its headers are too long, or they are not HTTP. Its
path may be unknown, so the answer is the API's for every path; a person can read it too.
"""

from __future__ import annotations

import json
import socket
from http import HTTPStatus
from typing import Any

from gunicorn import util
from gunicorn.http import errors
from gunicorn.workers.gthread import ThreadWorker

_LONG_LINE = "The address is too long."
_LONG_HEADERS = "There are too many request headers, or one of them is too long."
_NOT_HTTP = "This is not a valid HTTP request."
# Mistakes of the application or of gunicorn's settings, not of the client.
_OURS = (errors.ConfigurationProblem, errors.InvalidResponseHeader, errors.InvalidResponseHeaderName)


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
    problem = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
    body = json.dumps(problem)
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nConnection: close\r\n"
        f"Content-Type: application/problem+json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return (head + body).encode()


class ProblemWorker(ThreadWorker):
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
