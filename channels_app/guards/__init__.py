"""What can be done with a channel or a breakout now, and why not: one table of rules per kind of object.

Pure: the situations are made by `channels_app.services`, for the services themselves and for the pages.
"""
