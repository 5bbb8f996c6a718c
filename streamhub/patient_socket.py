"""A client's connection whose patience ends: who stops in the middle of a request keeps no thread for ever.

gunicorn's threads read a request, and write its answer, without any limit of time. A few clients that send
half of a form and then nothing, or whose machine is gone, would take all threads, and *Stop* with them.
"""

from __future__ import annotations

import errno
import socket
import time

# A thread waits so long in all for what a client has to send, and a second longer for each of these pieces
# that have come. So a large file may take minutes on a slow line, and a client that stops does not.
PATIENCE_SECONDS = 20.0
BYTES_A_SECOND = 32 * 1024
# One piece of an answer is taken within this time.
TAKING_SECONDS = 60.0


class PatientSocket(socket.socket):
    """`socket.socket`, with limits for all that a thread waits for."""

    _waited = 0.0
    _received = 0

    @classmethod
    def of(cls, taken_over: socket.socket) -> PatientSocket:
        """The same connection; the socket that it is taken over from is used no more."""
        timeout = taken_over.gettimeout()
        own = cls(fileno=taken_over.detach())
        own.settimeout(timeout)
        return own

    def expect_request(self) -> None:
        """The next request has all the patience."""
        self._waited, self._received = 0.0, 0

    def hurry(self, seconds: float) -> None:
        """So much patience is left for what is still to come of this request."""
        self._waited, self._received = PATIENCE_SECONDS - seconds, 0

    def setblocking(self, flag: bool) -> None:
        """What would wait for ever waits as long as an answer may take."""
        self.settimeout(TAKING_SECONDS if flag else 0.0)

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        """Raises ConnectionResetError, as if the client were gone, when the patience has ended."""
        timeout = self.gettimeout()
        if flags & socket.MSG_DONTWAIT:
            # Python itself would wait for the time of the limit before it asks the system.
            self.settimeout(0.0)
            try:
                return super().recv(bufsize, flags)
            finally:
                self.settimeout(timeout)
        if timeout == 0:
            return super().recv(bufsize, flags)
        left = PATIENCE_SECONDS + self._received / BYTES_A_SECOND - self._waited
        ours = timeout is None or left < timeout
        if left <= 0:
            raise _ended()
        if ours:
            self.settimeout(left)
        began = time.monotonic()
        try:
            data = super().recv(bufsize, flags)
        except TimeoutError:
            if ours:
                raise _ended() from None
            raise
        finally:
            self._waited += time.monotonic() - began
            if ours:
                self.settimeout(timeout)
        self._received += len(data)
        return data


def _ended() -> ConnectionResetError:
    return ConnectionResetError(errno.ECONNRESET, "The client sent too little for too long.")
