from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """Also contributes what belongs to the parts below it, which know no console, and to Django's own."""

    name = "streamhub.console"
    label = "console"
    verbose_name = "Console"

    navigation = "streamhub.console.admin.NAVIGATION"
    roles = "streamhub.console.admin.ROLES"
    tiles = "streamhub.console.admin.lifecycle.TILE"
    dashboard_lists = "streamhub.console.admin.lifecycle.BOARD"
    page_parts = "streamhub.console.admin.access.PARTS"
