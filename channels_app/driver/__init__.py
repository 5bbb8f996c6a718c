"""Channels and security groups on AWS.

`channel` decides and acts, `parts` describes the four resources of a channel, `security_group` the shared
groups, `polled_lists` the lists that observe many rows with one call, and `ownership` what was handed over.
"""

from channels_app.driver.channel import ChannelDriver
from channels_app.driver.polled_lists import POLLED_LISTS
from channels_app.driver.security_group import SecurityGroupDriver
from streamhub.lifecycle.driver import Driver

DRIVERS: tuple[Driver, ...] = (ChannelDriver(), SecurityGroupDriver())

__all__ = ["DRIVERS", "POLLED_LISTS", "ChannelDriver", "SecurityGroupDriver"]
