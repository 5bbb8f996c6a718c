from django.apps import AppConfig


class ChannelsConfig(AppConfig):
    name = "channels_app"
    verbose_name = "Channels"

    def ready(self) -> None:
        from channels_app import driver, tasks  # noqa: F401  tasks registers the tidying
        from channels_app.services import ChannelOwner
        from distributions import owners
        from streamhub.lifecycle import driver as drivers
        from streamhub.lifecycle import observe

        owners.register(ChannelOwner())
        drivers.register(driver.ChannelDriver())
        drivers.register(driver.SecurityGroupDriver())
        for watch in driver.WATCHES:
            observe.register(watch)
