from django.apps import AppConfig


class SignInConfig(AppConfig):
    """Who is there: passwords, second factors, the house's provider, sessions."""

    name = "streamhub.signin"
    label = "signin"
    verbose_name = "Signing in"

    def ready(self) -> None:
        from streamhub.signin import signals  # noqa: F401
