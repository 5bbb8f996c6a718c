"""The Celery application. Tasks only wake: what is to be done stands in the rows."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.apps.beat import Beat
from celery.signals import celeryd_init, setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "streamhub.settings")

# Seconds that a publisher waits for an answer of the broker. Consumers wait for ever, that is their job.
PUBLISH_TIMEOUT = 1.0


class StreamHubCelery(Celery):
    """Celery whose broker is looked up when it is needed, so that `migrate` and `check` need none."""

    def connection_for_write(self, url: str | None = None, **options: Any) -> Any:
        quick = {"socket_timeout": PUBLISH_TIMEOUT, **(options.pop("transport_options", None) or {})}
        return super().connection_for_write(url, transport_options=quick, **options)

    def Beat(self, **options: Any) -> Beat:
        """What `celery beat` runs. Its own signal comes after it has connected: too late for us."""
        import django

        from streamhub import startup

        django.setup()
        startup.start("beat")
        return Beat(app=self, **options)

    def _connection(self, url: str | None, **options: Any) -> Any:
        return super()._connection(url or _broker_url(), **options)


def _broker_url() -> str:
    """The broker's address. That there is none is, to whoever wants to connect, a refused connection."""
    from streamhub.aws.target import broker_url
    from streamhub.errors import EmbeddedNotRunning

    try:
        return broker_url()
    except EmbeddedNotRunning as error:
        raise ConnectionRefusedError(str(error)) from error


app = StreamHubCelery("streamhub")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def _keep_django_logging(**_kwargs: object) -> None:
    """Celery would install its own handlers; Django's LOGGING is the one place for that."""
    import logging.config

    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)


@celeryd_init.connect
def _worker_starts(**_kwargs: object) -> None:
    from streamhub import startup

    startup.start("worker")
