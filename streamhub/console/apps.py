from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """Also contributes for Django's own apps and for lower packages, which do not import the console."""

    name = "streamhub.console"
    label = "console"
    verbose_name = "Console"

    navigation = "streamhub.console.admin.NAVIGATION"
    roles = "streamhub.console.admin.ROLES"
    tiles = "streamhub.console.admin.lifecycle.TILE"
    dashboard_lists = "streamhub.console.admin.lifecycle.DASHBOARD_LIST"
    page_parts = "streamhub.console.admin.PAGE_PARTS"
