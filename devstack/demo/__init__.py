"""The demo: StreamHub's real processes on this machine, and a tour that uses them as a client would.

`house` starts and stops the processes, `api` speaks HTTP with them, `tour` is the list of steps,
`verdict` the table at the end, `screen` what a person sees. Nothing here imports the product: what the
demo shows is what any client can see.
"""
