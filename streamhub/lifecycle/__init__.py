"""The level-triggered life cycle: the row is the intent, AWS is the fact, Celery only wakes.

`models` has the columns every managed row carries, `intent` writes what somebody wants, `claim` makes
one worker the owner of one step, `states` is the only place where a state changes, `reconcile` takes
one step, `observe` looks at AWS for many rows at once, `wake` and `sweep` see to it that due rows are
looked at. What the steps are is the business of the apps' drivers (`driver`).
"""
