"""All of StreamHub's processes on one machine, for trying it out and for tests.

Not part of the product: production has neither this package nor `emulator`.
"""
