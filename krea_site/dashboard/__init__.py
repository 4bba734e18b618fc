"""The operator's dashboard: what staff may see and do under `/admin/`, on Django's admin with Unfold's theme."""
