from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "streamhub.console"
    label = "console"
    verbose_name = "Console"

    def ready(self) -> None:
        from streamhub.lifecycle import jobs

        # `access` knows nothing of periodic jobs; this is the room that knows both.
        jobs.register(jobs.Periodic("idempotency_purge", "access.idempotency_purge", lambda: 3600))
