"""Webhooks: events become deliveries (`fan_out`), deliveries become requests (`courier`), each try is written down
(`deliveries`). Endpoints are made and changed in `endpoints`, requests are signed in `signing`.

The rows are the truth; the courier, a coroutine beside the follower, looks at them. Nothing of this runs in a worker: a
receiver that stalls holds a socket, never a process.
"""
