from datetime import timedelta
from typing import Any

from django.db import migrations, models
from django.db.models import F
from django.utils import timezone


def end_after_a_day(apps: Any, schema_editor: Any) -> None:
    apps.get_model("partners", "KeptAnswer").objects.update(ends_at=F("created_at") + timedelta(hours=24))


class Migration(migrations.Migration):
    dependencies = [("partners", "0008_words_of_dialects")]

    operations = [
        migrations.AddField(
            "keptanswer",
            "ends_at",
            models.DateTimeField(default=timezone.now, help_text="Until then a retry gets it."),
            preserve_default=False,
        ),
        migrations.RunPython(end_after_a_day, migrations.RunPython.noop, elidable=True),
        migrations.RemoveIndex("keptanswer", "kept_answer_age"),
        migrations.RemoveField("keptanswer", "created_at"),
        migrations.AddIndex("keptanswer", models.Index(fields=["ends_at"], name="kept_answer_end")),
    ]
