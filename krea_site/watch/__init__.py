"""The watch: whether anything of the site needs a person, said as rows that open and end, and told to staff by mail.

`facts` reads how things are, `conditions` says what of it is wrong, `rows` keeps what is wrong as alerts, `letters`
tells staff, and `rounds` does all four, in every kind of process of the site, so that any of them notices when another
is gone. docs/alerts.md says of each what it means and what to do.
"""

from krea_site.watch.rows import open_alerts

__all__ = ["open_alerts"]
