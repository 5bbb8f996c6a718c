from django.apps import AppConfig


class AlertsConfig(AppConfig):
    name = "streamhub.alerts"
    label = "alerts"
    verbose_name = "Alarms"

    periodic_jobs = "streamhub.alerts.jobs.PERIODIC_JOBS"
    alarms = "streamhub.alerts.blindness.ALARMS"
