from django.apps import AppConfig
from django.core import checks


class StreamHubConfig(AppConfig):
    name = "streamhub"
    verbose_name = "StreamHub"
    periodic_jobs = "streamhub.seeds.PERIODIC_JOBS"

    def ready(self) -> None:
        from streamhub.startup import check_settings

        checks.register(check_settings)
