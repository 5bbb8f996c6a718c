"""An AWS that says no when AWS would: the services StreamHub uses, in one process, over HTTP.

`base` has what all services share (world, clock, refusals); one module per service holds its rules;
`server` speaks HTTP, counts, logs, limits and injects faults; `control` is its remote control.
"""
