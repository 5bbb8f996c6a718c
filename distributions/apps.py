from django.apps import AppConfig


class DistributionsConfig(AppConfig):
    name = "distributions"
    verbose_name = "Distributions"

    def ready(self) -> None:
        from distributions import driver, tasks  # noqa: F401  tasks registers the reaper
        from streamhub.lifecycle import driver as drivers
        from streamhub.lifecycle import observe

        drivers.register(driver.DistributionDriver())
        observe.register(driver.WATCH)
