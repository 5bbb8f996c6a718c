from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "streamhub.webhooks"
    label = "webhooks"
    verbose_name = "Webhooks"

    periodic_jobs = "streamhub.webhooks.jobs.PERIODIC_JOBS"
    event_kinds = "streamhub.webhooks.kinds.KINDS"
    at_transition = "streamhub.webhooks.outbox.at_transition"
    alarms = "streamhub.webhooks.alarms.ALARMS"
