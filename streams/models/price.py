"""What models cost: prices by name and date, and the query that sums the tokens and the money of answers."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Self

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Case, Count, F, FloatField, Q, Sum, Value, When
from django.db.models.functions import Coalesce

MILLION = 1_000_000
NOT_NEGATIVE = [MinValueValidator(Decimal(0))]


class ModelPrice(models.Model):
    """USD per million tokens of the models whose name is ``model`` or begins with it, from the day ``since`` on (UTC).

    Of several that fit an answer the longest name counts, and of that the newest price that held when it was asked for;
    what is older than the first known price of a name costs as much as that. What is written to and read from the
    vendor's cache has prices of its own; where they are left empty they are reckoned from that of the input.
    """

    model = models.CharField(max_length=100, help_text="A model's name, or how the names of several begin.")
    input_usd = models.DecimalField(
        "input", max_digits=10, decimal_places=4, validators=NOT_NEGATIVE, help_text="USD per million tokens."
    )
    output_usd = models.DecimalField(
        "output", max_digits=10, decimal_places=4, validators=NOT_NEGATIVE, help_text="USD per million tokens."
    )
    cache_read_usd = models.DecimalField(
        "read from cache", max_digits=10, decimal_places=4, null=True, blank=True, validators=NOT_NEGATIVE,
        help_text="USD per million tokens; empty: a tenth of the input's.",
    )  # fmt: skip
    cache_write_usd = models.DecimalField(
        "written to cache", max_digits=10, decimal_places=4, null=True, blank=True, validators=NOT_NEGATIVE,
        help_text="USD per million tokens; empty: five quarters of the input's.",
    )  # fmt: skip
    since = models.DateField(help_text="The first day of this price (UTC); earlier answers keep the earlier one.")

    class Meta:
        ordering = ["model", "-since"]
        verbose_name = "price"
        constraints = [models.UniqueConstraint(fields=["model", "since"], name="price_model_since_unique")]

    def __str__(self) -> str:
        return f"{self.model} since {self.since}"

    @property
    def cache_read(self) -> Decimal:
        """USD per million tokens read from the cache."""
        return self.input_usd / 10 if self.cache_read_usd is None else self.cache_read_usd

    @property
    def cache_write(self) -> Decimal:
        """USD per million tokens written to the cache."""
        return self.input_usd * 5 / 4 if self.cache_write_usd is None else self.cache_write_usd


def price_of(model: str, day: date) -> ModelPrice | None:
    """The price that holds for a model on that day; None if nobody wrote it down. Reads the prices."""
    fitting = [price for price in ModelPrice.objects.all() if model.startswith(price.model)]
    longest = max((price.model for price in fitting), key=len, default="")
    named = sorted((price for price in fitting if price.model == longest), key=lambda price: price.since)
    return next((price for price in reversed(named) if price.since <= day), named[0] if named else None)


class GenerationQuerySet(models.QuerySet[Any]):  # of Generation, whose module imports this one
    """The words in which answers are asked for."""

    def asked_between(self, since: datetime, until: datetime) -> Self:
        """Those asked for from ``since`` on, and before ``until``."""
        return self.filter(created_at__gte=since, created_at__lt=until)

    def priced(self) -> Self:
        """With ``cost_usd``: 0 of the demo, NULL of a model whose price nobody wrote down. Reads the prices."""
        prices = sorted(ModelPrice.objects.all(), key=lambda one: (len(one.model), one.model, one.since), reverse=True)
        first = {price.model: price.pk for price in prices}
        cases = [When(demo=True, then=Value(0.0))]
        for price in prices:
            begins = datetime.min if price.pk == first[price.model] else datetime.combine(price.since, time())
            plain = Coalesce(F("input_tokens"), 0) - F("cache_read_tokens") - F("cache_write_tokens")
            cost = (
                plain * Value(float(price.input_usd))
                + F("cache_read_tokens") * Value(float(price.cache_read))
                + F("cache_write_tokens") * Value(float(price.cache_write))
                + Coalesce(F("output_tokens"), 0) * Value(float(price.output_usd))
            )
            fits = Q(model__startswith=price.model, created_at__gte=begins.replace(tzinfo=UTC))
            cases.append(When(fits, then=cost / Value(float(MILLION))))
        return self.annotate(cost_usd=Case(*cases, default=None, output_field=FloatField()))

    def spent(self) -> dict[str, Any]:
        """``{"answers", "input_tokens", "output_tokens", "spend_usd", "unpriced"}`` of all these together.

        unpriced: answers with tokens of a model without a price, which ``spend_usd`` leaves out.
        """
        return self.priced().aggregate(**_sums())

    def spent_by(self, *fields: str) -> models.QuerySet[Any, dict[str, Any]]:
        """The same for each combination of values of ``fields``, the dearest first."""
        by: models.QuerySet[Any, dict[str, Any]] = self.order_by().priced().values(*fields).annotate(**_sums())
        return by.order_by(F("spend_usd").desc(), F("output_tokens").desc(), *fields)


def _sums() -> dict[str, Any]:
    return {  # the filter first: below the names of fields mean their sums
        "unpriced": Count("pk", filter=Q(cost_usd=None, output_tokens__gt=0)),
        "answers": Count("pk"),
        "input_tokens": Sum("input_tokens", default=0),
        "output_tokens": Sum("output_tokens", default=0),
        "spend_usd": Sum("cost_usd", default=0.0, output_field=FloatField()),
    }
