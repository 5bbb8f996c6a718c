"""A mail server and a web server that keep what they were given."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from email import message_from_bytes
from email.message import Message
from email.policy import default
from typing import Any


class Mailbox:
    """A mail server's handler. `refuses`: it takes nothing."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.refuses = False

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.refuses:
            return "451 try again later"
        self.messages.append(message_from_bytes(envelope.content, policy=default))
        return "250 taken"


class EndlessMail:
    """A mail server whose first answer never ends: a line now and then, always with another one to come."""

    def __init__(self) -> None:
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):  # the client, or this server, is gone
            while True:
                client, _address = self.server.accept()
                threading.Thread(target=self._talk, args=(client,), daemon=True).start()

    def _talk(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            while True:
                client.sendall(b"220-one moment\r\n")
                time.sleep(0.05)


class Web:
    """An HTTP server that takes what is posted to it and counts what is asked of it."""

    def __init__(self) -> None:
        self.url = ""
        self.status = 200
        self.requests: list[tuple[str, Any]] = []
