"""What Django's admin shows: the files of krea_site/dashboard/tables, each of which registers its own."""

from krea_site.dashboard.tables import money, people, pictures

__all__ = ["money", "people", "pictures"]
