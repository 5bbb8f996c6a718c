"""An AWS that says no when AWS would: the services StreamHub uses, in one process, over HTTP.

`base` has what all services share (world, clock, refusals); one module or package per service holds its
rules; `account` is one world with its log and its faults; `server` speaks HTTP and can begin anew; `desk`
is its remote control and `control` the client of that. See README.md.
"""
