"""gunicorn's settings, which it reads by itself in the folder where it is started.

The command line wins over them.
"""

worker_class = "streamhub.web_worker.StreamHubWorker"
threads = 4
# The longest address that gunicorn can take. Longer ones get 414.
limit_request_line = 8190
limit_request_fields = 100
limit_request_field_size = 8190
# By default gunicorn takes SCRIPT_NAME and PATH_INFO from a proxy on this machine, which may have passed on
# what its client sent: a path of the client's choice, or a 500.
forwarder_headers = ""
