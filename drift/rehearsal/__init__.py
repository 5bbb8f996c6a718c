"""A rehearsal: the whole life of a stream on the configured account, by the services and workers.

`plan` has the steps, `steps` what each asks for and waits for, `player` plays them, `outcome` holds what
happened. A rehearsal writes intent as a person does, and then only looks at rows; it calls no driver. AWS
is read once, at the end, to see what is left. `manage.py rehearse` is its only user.
"""
