"""`python -m tests.bench.staff_session`: the cookie of a superuser, for requests of the admin's pages."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "streamhub.settings")

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.test import Client  # noqa: E402


def main() -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("bench"))
    print(f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}")


if __name__ == "__main__":
    main()
