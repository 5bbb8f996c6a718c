"""The Celery application. Tasks only wake rows; the rows hold what must be done."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.apps.beat import Beat
from celery.signals import celeryd_init, setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "streamhub.settings")

# How many seconds a publisher waits for the broker. Consumers wait for ever.
PUBLISH_TIMEOUT = 1.0


class StreamHubCelery(Celery):
    """Celery that looks up its broker when it connects, so that `migrate` and `check` need no broker."""

    task_cls = "streamhub.lifecycle.beat:Task"
    builtin_fixups = frozenset({"streamhub.celery_database:fixup"})

    def connection_for_write(self, url: str | None = None, **options: Any) -> Any:
        transport = {"socket_timeout": PUBLISH_TIMEOUT, **(options.pop("transport_options", None) or {})}
        return super().connection_for_write(url, transport_options=transport, **options)

    def Beat(self, **options: Any) -> Beat:
        """What `celery beat` runs. Checks the settings here, because beat connects before its signal."""
        import django

        from streamhub import startup

        django.setup()
        startup.start("beat")
        return Beat(app=self, **options)

    def _connection(self, url: str | None, **options: Any) -> Any:
        return super()._connection(url or _broker_url(), **options)


def _broker_url() -> str:
    """The broker's address. Raises ConnectionRefusedError, which Celery handles, if there is no broker."""
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
    """Use Django's LOGGING instead of Celery's own handlers."""
    import logging.config

    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)


@celeryd_init.connect
def _worker_starts(**_kwargs: object) -> None:
    from streamhub import startup

    startup.start("worker")
