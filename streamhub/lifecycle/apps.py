from django.apps import AppConfig


class LifecycleConfig(AppConfig):
    name = "streamhub.lifecycle"
    label = "lifecycle"
    verbose_name = "Life cycle"

    health_facts = "streamhub.lifecycle.clock_facts.HEALTH_FACTS"
    periodic_jobs = "streamhub.lifecycle.jobs.PERIODIC_JOBS"
    aws_dates = "streamhub.lifecycle.clocks.note_aws_date"

    def ready(self) -> None:
        from streamhub.lifecycle import heartbeat  # noqa: F401  connects the worker's signal
