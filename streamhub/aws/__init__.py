"""AWS clients: the only product code that imports boto3.

`target` says which AWS to use, `session` makes every call, and `error_mapping` turns botocore's exceptions
into StreamHub's errors. Each service has one module with one class; its methods take plain values and
return frozen results that carry AWS's `request_id`. This package knows no rows, models or tasks, and never
waits until AWS has finished something.

`ratelimit` limits the calls, `ownership` marks our resources, `iam_actions` lists the actions needed.
"""
