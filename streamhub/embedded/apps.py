from django.apps import AppConfig


class EmbeddedConfig(AppConfig):
    name = "streamhub.embedded"
    label = "embedded"
