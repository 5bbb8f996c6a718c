"""Django's PostgreSQL backend for a database that fails over: `ENGINE = "streamhub.postgresql"`.

Django keeps a session until its connection breaks. After a failover the connection is often whole and leads
to a server that can only be read, or that is shutting down. This backend drops such a session at once.
"""
