"""The embedded AWS: the services that StreamHub uses, with AWS's rules, in one process over HTTP.

`base` has what all services share (world, clock, refusals). Each service has a module or package with its
rules. `account` is one world with its call log and faults, `server` the HTTP server, which can be reset.
`control_routes` is the server side of the control API and `control` its client. See README.md.
"""
