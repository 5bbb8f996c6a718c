"""Statements for customers: what a month's items are, what of them is new, and documents of it that last."""
