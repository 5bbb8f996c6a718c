"""Usage of services as rows: how it is made from transitions, CloudWatch and listings, and read for costs."""
