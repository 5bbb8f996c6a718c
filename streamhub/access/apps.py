from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "streamhub.access"
    label = "access"
    verbose_name = "Access"

    def ready(self) -> None:
        from streamhub.access import user_signals

        user_signals.connect()
