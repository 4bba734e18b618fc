"""Dialects: the APIs of other services, spoken so that their clients need another address and key and nothing else.

Each folder has one shape: `wire.py` is pure (a body to a brief, a generation to a body, an error to a body), `views.py`
are thin doors. A dialect brings no rule of its own: what is drawn, what it costs and how it ends is decided below.
"""
