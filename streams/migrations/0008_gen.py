"""An answer that was stopped says by whom."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("streams", "0007_rooms")]

    operations = [
        migrations.AddField(
            model_name="generation",
            name="stop_requested_by_name",
            field=models.CharField(blank=True, max_length=150),
        ),
    ]
