from django.apps import AppConfig


class QuotasConfig(AppConfig):
    name = "streamhub.quotas"
    label = "quotas"
    verbose_name = "Quotas"

    periodic_jobs = "streamhub.quotas.jobs.PERIODIC_JOBS"
    at_list = "streamhub.quotas.places.list_was_read"
    alarms = "streamhub.quotas.alarms.ALARMS"
    roles = "streamhub.quotas.roles.ROLES"
    tiles = "streamhub.quotas.page.TILES"
    navigation = "streamhub.quotas.page.NAVIGATION"
    admin_urls = "streamhub.quotas.page.URLS"
