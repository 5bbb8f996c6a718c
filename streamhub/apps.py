from django.apps import AppConfig
from django.core import checks
from django.db.backends.signals import connection_created


class StreamHubConfig(AppConfig):
    name = "streamhub"
    verbose_name = "StreamHub"
    periodic_jobs = "streamhub.seeds.PERIODIC_JOBS"

    def ready(self) -> None:
        from streamhub.append_only import on_connection
        from streamhub.startup import check_settings

        checks.register(check_settings)
        connection_created.connect(on_connection)
