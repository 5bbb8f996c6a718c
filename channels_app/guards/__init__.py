"""Which verbs are possible on a channel or a breakout now, and why not: one table of rules for each.

Pure functions. `channels_app.services` builds the situations that they judge.
"""
