"""StreamHub: the control plane for live streams on AWS."""

from streamhub.celery import app as celery_app

__all__ = ["celery_app"]
