"""What is written to and read from the vendor's cache costs other prices than the rest of the input."""

import django.core.validators
from decimal import Decimal
from django.db import migrations, models

CACHE_PRICES = {"claude-opus-5-5": ("0.20", "5")}  # USD per million tokens: read, written


def write_cache_prices(apps, schema_editor):
    prices = apps.get_model("streams", "ModelPrice").objects.using(schema_editor.connection.alias)
    for model, (read, write) in CACHE_PRICES.items():
        prices.filter(model=model).update(cache_read_usd=Decimal(read), cache_write_usd=Decimal(write))


class Migration(migrations.Migration):

    dependencies = [
        ('streams', '0008_gen'),
    ]

    operations = [
        migrations.AddField(
            model_name='modelprice',
            name='cache_read_usd',
            field=models.DecimalField(blank=True, decimal_places=4, help_text="USD per million tokens; empty: a tenth of the input's.", max_digits=10, null=True, validators=[django.core.validators.MinValueValidator(Decimal('0'))], verbose_name='read from cache'),
        ),
        migrations.AddField(
            model_name='modelprice',
            name='cache_write_usd',
            field=models.DecimalField(blank=True, decimal_places=4, help_text="USD per million tokens; empty: five quarters of the input's.", max_digits=10, null=True, validators=[django.core.validators.MinValueValidator(Decimal('0'))], verbose_name='written to cache'),
        ),
        migrations.RunPython(write_cache_prices, migrations.RunPython.noop),
    ]
