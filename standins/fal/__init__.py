"""A local fal: queue, storage, CDN, request history, signed webhooks over plain HTTP; faults on command.

Run it as `python -m standins.fal --port 8001`. README.md beside this file says what it can be told to do.
It imports nothing of ours, and nothing of ours imports it.
"""
