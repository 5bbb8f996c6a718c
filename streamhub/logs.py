"""Logging: one line per event on stderr, as text or as JSON."""

from __future__ import annotations

from typing import Any

import structlog

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

# The processors of every event, whether structlog or the standard library wrote it.
_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def logging_config(level: str, *, as_json: bool) -> dict[str, Any]:
    """Django's LOGGING. It omits Celery's lines on each task, because the rows' transitions say more."""
    renderer: Any = structlog.dev.ConsoleRenderer(
        colors=False, pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
    )
    if as_json:
        renderer = structlog.processors.JSONRenderer()
    quiet = (
        "celery.app.trace",
        "celery.worker.strategy",
        "celery.beat",
        "django_celery_beat",
        "kombu",
        "axes",
    )
    # At DEBUG these write whole requests and answers, secrets included.
    talkative = ("boto3", "botocore", "s3transfer", "urllib3")
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "event": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [
                    *_SHARED,
                    *([structlog.processors.format_exc_info] if as_json else []),
                ],
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "event"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            **{name: {"level": "WARNING"} for name in quiet},
            **{name: {"level": "INFO" if level == "DEBUG" else level} for name in talkative},
            "django.server": {"handlers": [], "propagate": True},
        },
    }


def configure_structlog(*, as_json: bool) -> None:
    """Let structlog write through the standard library, so that all handlers are in one place."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.StackInfoRenderer(),
            *([structlog.processors.format_exc_info] if as_json else []),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
