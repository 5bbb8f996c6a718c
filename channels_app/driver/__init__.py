"""Channels and security groups on AWS. `channel` decides and acts, `parts` knows the four resources,
`security_group` the shared groups, `polled_lists` the lists that tell about many at once."""

from channels_app.driver.channel import ChannelDriver
from channels_app.driver.polled_lists import POLLED_LISTS
from channels_app.driver.security_group import SecurityGroupDriver
from streamhub.lifecycle.driver import Driver

DRIVERS: tuple[Driver, ...] = (ChannelDriver(), SecurityGroupDriver())

__all__ = ["DRIVERS", "POLLED_LISTS", "ChannelDriver", "SecurityGroupDriver"]
