"""Open answers hold what they may cost, and those of guests tell their address, hashed; NULL, so that SQLite adds the
columns without writing the table anew, which would take the triggers of the search with it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("streams", "0009_search")]

    operations = [
        migrations.AddField(
            model_name="generation",
            name="guest_at",
            field=models.CharField(blank=True, editable=False, max_length=32, null=True),
        ),
        migrations.AddField(
            model_name="generation",
            name="reserved_usd",
            field=models.FloatField(blank=True, editable=False, null=True),
        ),
    ]
