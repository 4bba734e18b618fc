from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("partners", "0005_limits_of_keys")]

    operations = [
        migrations.AddIndex("delivery", models.Index(fields=["object_id"], name="delivery_of_object")),
    ]
