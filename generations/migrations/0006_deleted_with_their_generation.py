from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import OuterRef, Subquery


def mark(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The pictures of what was deleted before they were marked themselves."""
    Image = apps.get_model("generations", "Image")
    Generation = apps.get_model("generations", "Generation")
    since = Generation.objects.filter(pk=OuterRef("generation")).values("deleted_at")
    deleted = Image.objects.filter(generation__deleted_at__isnull=False, erased_at=None)
    Image.objects.filter(pk__in=deleted.values("pk")).update(erased_at=Subquery(since))


class Migration(migrations.Migration):
    dependencies = [("generations", "0005_output_format")]
    operations = [migrations.RunPython(mark, migrations.RunPython.noop)]
