"""The life cycle of managed rows: a row holds the intent, AWS the facts, and Celery tasks only wake rows.

`models` holds the columns of every managed row. `intent` writes what staff and services want. `claim`
gives one step to one worker. `states` changes states. `reconcile` takes one step. `observe` reads lists
of AWS for many rows at once. `wake` and `sweep` queue due rows. The apps' drivers (`driver`) know the steps.
"""
