"""A form with a file is refused by its length alone, unless somebody who is signed in sends it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import HttpResponse
from django.test import Client

from streamhub.access import uploads

LOGIN = "/admin/login/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files of forms that were begun on the disk."""
    found: list[str] = []
    new_file = TemporaryFileUploadHandler.new_file

    def noting(handler: TemporaryFileUploadHandler, *args: Any, **options: Any) -> None:
        new_file(handler, *args, **options)
        found.append(str(handler.file_name))

    monkeypatch.setattr(TemporaryFileUploadHandler, "new_file", noting)
    return found


def send(client: Client, size: int) -> HttpResponse:
    """A form with the cookie that a stranger gets with the sign-in page, and a file of so many bytes."""
    client.get(LOGIN)
    return client.post(LOGIN, {"file": SimpleUploadedFile("a.bin", b"x" * size)})  # type: ignore[return-value]


def test_the_file_of_a_stranger_is_not_written_to_the_disk(written: list[str]) -> None:
    answer = send(Client(enforce_csrf_checks=True), 3_000_000)
    assert answer.status_code == 413
    assert "too large" in answer.content.decode()
    assert written == []


def test_a_small_form_of_a_stranger_is_read() -> None:
    assert send(Client(), 1000).status_code == 200


def test_staff_send_files_up_to_the_limit(
    superuser: Client, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10_000
    monkeypatch.setattr(uploads, "MOST_MIB", 1)
    assert send(superuser, 1024 * 1024).status_code != 413
    assert send(superuser, 1024 * 1024 + 10_000).status_code == 413


def test_who_is_no_staff_any_more_is_a_stranger(superuser: Client, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10_000
    User.objects.update(is_staff=False)
    assert send(superuser, 10_000).status_code == 413
