from django.conf import settings
from django.db import migrations, models

import generations.thumbnails


class Migration(migrations.Migration):
    dependencies = [
        ("generations", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DoomedFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=200, unique=True)),
                ("due_at", models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.AddIndex(
            model_name="image",
            index=models.Index(fields=["name"], name="image_file"),
        ),
        *(
            migrations.AddIndex(
                model_name="image",
                index=models.Index(generations.thumbnails.ThumbnailName(width), name=f"image_file_{width}"),
            )
            for width in ("320", "640", "1280")
        ),
        migrations.AddIndex(
            model_name="upload",
            index=models.Index(fields=["name"], name="upload_file"),
        ),
    ]
