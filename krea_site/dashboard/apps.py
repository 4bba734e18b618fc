from django.contrib.admin.apps import AdminConfig


class DashboardConfig(AdminConfig):
    """Django's admin on our site; what it shows is registered in krea_site/admin.py and its neighbours."""

    default_site = "krea_site.dashboard.site.Dashboard"
