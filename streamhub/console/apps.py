from django.apps import AppConfig, apps


class ConsoleConfig(AppConfig):
    """Also contributes for Django's own apps and for lower packages, which do not import the console."""

    name = "streamhub.console"
    label = "console"
    verbose_name = "Console"

    navigation = "streamhub.console.admin.NAVIGATION"
    roles = "streamhub.console.admin.ROLES"
    tiles = "streamhub.console.admin.lifecycle.TILE"
    dashboard_lists = "streamhub.console.admin.lifecycle.DASHBOARD_LIST"
    alarms = "streamhub.console.aws_queues.ALARMS"
    page_parts = "streamhub.console.admin.PAGE_PARTS"

    def ready(self) -> None:
        from streamhub.console.derived_names import translate_models

        translate_models(
            {config.name.partition(".")[0] for config in apps.get_app_configs() if hasattr(config, "roles")}
        )
