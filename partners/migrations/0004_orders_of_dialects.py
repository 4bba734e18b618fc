from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("partners", "0003_webhooks")]

    operations = [
        migrations.AddField(
            model_name="order",
            name="wire",
            field=models.JSONField(default=dict, help_text="What a dialect was told and has to say again."),
        ),
    ]
