"""The demo: StreamHub's real processes on this machine, and a tour that uses them as a client does.

`stack` starts and stops the processes, `api` is the HTTP client, `tour` and `show` have the steps, `steps`
their order, `verdict` the table at the end, and `screen` the output. Nothing here imports the product, so the
demo shows what any client can see.
"""
