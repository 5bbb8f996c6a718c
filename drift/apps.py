from django.apps import AppConfig


class DriftConfig(AppConfig):
    name = "drift"
    verbose_name = "Drift"

    periodic_jobs = "drift.jobs.READ_DRIFT"
    alarms = "drift.admin.alarms.ALARMS"
    navigation = "drift.admin.page.ENTRY"
    roles = "drift.roles.ROLES"
    tiles = "drift.admin.page.TILE"
    admin_urls = "drift.admin.page.URLS"
