"""What each staff role may do with channels, breakouts and security groups."""

from streamhub.access.roles import OPERATOR, VIEWER
from streamhub.console.roles import Grant

ROLES = (
    Grant(
        VIEWER,
        (
            "channels_app.view_channel",
            "channels_app.view_breakout",
            "channels_app.view_securitygroup",
            "channels_app.view_attachment",
        ),
    ),
    Grant(
        OPERATOR,
        (
            "channels_app.add_channel",
            "channels_app.retry_channel",
            "channels_app.stop_channel",
            "channels_app.tag_channel",
            "channels_app.apply_settings_channel",
            "channels_app.warm_channel",
            "channels_app.schedule_channel",
            "channels_app.edit_channel",
            "channels_app.switch_input_channel",
            "channels_app.restart_pipelines_channel",
            "channels_app.delete_channel",
            "channels_app.add_breakout",
            "channels_app.prepare_breakout",
            "channels_app.start_breakout",
            "channels_app.stop_breakout",
            "channels_app.cancel_breakout",
            "channels_app.retry_breakout",
            "channels_app.curtain_breakout",
            "channels_app.playback_breakout",
            "channels_app.extend_breakout",
            "channels_app.take_over_breakout",
            "channels_app.schedule_breakout",
            "channels_app.edit_breakout",
        ),
    ),
)
