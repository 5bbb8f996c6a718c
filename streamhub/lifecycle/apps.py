from django.apps import AppConfig


class LifecycleConfig(AppConfig):
    name = "streamhub.lifecycle"
    label = "lifecycle"
    verbose_name = "Life cycle"

    health_facts = "streamhub.lifecycle.health.own_facts"
    periodic_jobs = "streamhub.lifecycle.jobs.PERIODIC_JOBS"

    def ready(self) -> None:
        from streamhub.lifecycle import heartbeat  # noqa: F401  connects the worker's signal
