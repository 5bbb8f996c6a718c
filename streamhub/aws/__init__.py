"""AWS, as StreamHub uses it: the only product code that imports boto3.

`target` says which AWS is meant, `session` is the single door through which botocore is called,
`borders` turns botocore's exceptions into the house's errors. Each service has one module with one
class, whose methods take plain values and return frozen results that carry AWS's `request_id`.
Nothing here knows rows, Django models or tasks; nothing here waits for AWS to finish something.

What is wanted of AWS is paced by `ratelimit`, marked as ours by `ownership`, and permitted by the
actions that `operations` lists.
"""
