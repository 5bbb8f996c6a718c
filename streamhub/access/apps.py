from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "streamhub.access"
    label = "access"
    verbose_name = "Access"
