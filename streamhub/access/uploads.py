"""How large a form with a file may be: judged by the length that it says, before anything of it is read.

Django has a limit for the fields of a form and none for its files, which it writes to the disk before anybody
is asked who sends them.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler

# The largest file that a page takes. Its form may be larger by what a form without a file may have.
MOST_MIB = 64


class SizeHandler(FileUploadHandler):
    """Staff may send what a page takes; others only as much as a form without a file may have."""

    def handle_raw_input(
        self, input_data: Any, META: Any, content_length: int, boundary: Any, encoding: Any = None
    ) -> None:
        """Raises RequestDataTooBig."""
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        user = getattr(self.request, "user", None)
        if user is not None and user.is_staff:
            most += MOST_MIB * 1024 * 1024
        if content_length > most:
            raise RequestDataTooBig(f"A form of {content_length} bytes; at most {most} are read.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None
