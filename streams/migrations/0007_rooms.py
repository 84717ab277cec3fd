"""People of rooms, messages and reactions as rows; what an answer costs, how it is tried, stopped and had again."""

from decimal import Decimal

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('streams', '0006_prices'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Member',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('person', models.CharField(max_length=64)),
                ('name', models.CharField(max_length=150)),
                ('role', models.CharField(choices=[('owner', 'owner: may change the room, invite, mute and remove, and stop any answer'), ('member', 'member: may read and talk'), ('reader', 'reader: may read'), ('removed', 'removed: may neither read nor talk')], default='member', max_length=7)),
                ('muted_until', models.DateTimeField(blank=True, null=True)),
                ('read_seq', models.PositiveBigIntegerField(default=0)),
                ('joined_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='Message',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('seq', models.PositiveBigIntegerField()),
                ('author_id', models.CharField(max_length=64)),
                ('author_name', models.CharField(max_length=150)),
                ('author_kind', models.CharField(max_length=6)),
                ('client_id', models.CharField(blank=True, max_length=64)),
                ('text', models.TextField(blank=True)),
                ('reply_to', models.PositiveBigIntegerField(blank=True, null=True)),
                ('mentions', models.JSONField(blank=True, default=list)),
                ('files', models.JSONField(blank=True, default=list)),
                ('created_at', models.DateTimeField()),
                ('edited_at', models.DateTimeField(blank=True, null=True)),
                ('deleted_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['-created_at'],
            },
        ),
        migrations.CreateModel(
            name='Reaction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('person', models.CharField(max_length=64)),
                ('name', models.CharField(max_length=150)),
                ('emoji', models.CharField(max_length=16)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['created_at'],
            },
        ),
        migrations.AddField(
            model_name='generation',
            name='asked_by_name',
            field=models.CharField(blank=True, max_length=150),
        ),
        migrations.AddField(
            model_name='generation',
            name='attempt',
            field=models.PositiveIntegerField(default=1),
        ),
        migrations.AddField(
            model_name='generation',
            name='cache_read_tokens',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='generation',
            name='cache_write_tokens',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='generation',
            name='chosen',
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name='generation',
            name='compacted_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='generation',
            name='estimated',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='generation',
            name='first_text_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='generation',
            name='html_chars',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='generation',
            name='left_out',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='generation',
            name='message_seq',
            field=models.PositiveBigIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='generation',
            name='owner',
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name='generation',
            name='retry_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='generation',
            name='guest_at',
            field=models.CharField(blank=True, editable=False, max_length=32),
        ),
        migrations.AddField(
            model_name='generation',
            name='reserved_usd',
            field=models.FloatField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='generation',
            name='started_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='generation',
            name='stop_requested_by',
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name='generation',
            name='thinking',
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name='generation',
            name='thinking_tokens',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='generation',
            name='version',
            field=models.PositiveIntegerField(default=1),
        ),
        migrations.AddField(
            model_name='room',
            name='budget_usd',
            field=models.DecimalField(blank=True, decimal_places=2, max_digits=10, null=True),
        ),
        migrations.AddField(
            model_name='room',
            name='created_by',
            field=models.CharField(blank=True, editable=False, max_length=64),
        ),
        migrations.AddField(
            model_name='room',
            name='invitation',
            field=models.CharField(blank=True, editable=False, max_length=40),
        ),
        migrations.AddField(
            model_name='room',
            name='kind',
            field=models.CharField(choices=[('public', 'whoever is signed in, and guests where guests are allowed'), ('invitation', 'its members, and whoever opens its invitation link'), ('direct', 'two people')], default='public', max_length=10),
        ),
        migrations.AddField(
            model_name='room',
            name='model',
            field=models.CharField(blank=True, max_length=100),
        ),
        migrations.AddField(
            model_name='room',
            name='system',
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name='room',
            name='thinking',
            field=models.BooleanField(default=False, help_text='Ask the model to think first, and show what it thinks.'),
        ),
        migrations.AlterField(
            model_name='generation',
            name='status',
            field=models.CharField(choices=[('queued', 'Queued'), ('running', 'Running'), ('retrying', 'Retrying'), ('done', 'Done'), ('stopped', 'Stopped'), ('failed', 'Failed'), ('interrupted', 'Interrupted')], db_index=True, default='running', max_length=12),
        ),
        migrations.AddIndex(
            model_name='generation',
            index=models.Index(fields=['topic', 'message_seq'], name='generation_topic_message'),
        ),
        migrations.AddConstraint(
            model_name='room',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['public', 'invitation', 'direct'])), name='room_kind_known'),
        ),
        migrations.AddField(
            model_name='member',
            name='room',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='members', to='streams.room'),
        ),
        migrations.AddField(
            model_name='member',
            name='user',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='message',
            name='topic',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='streams.topic'),
        ),
        migrations.AddField(
            model_name='reaction',
            name='message',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reactions', to='streams.message'),
        ),
        migrations.AddIndex(
            model_name='member',
            index=models.Index(fields=['person'], name='member_person'),
        ),
        migrations.AddConstraint(
            model_name='member',
            constraint=models.UniqueConstraint(fields=('room', 'person'), name='member_room_person_unique'),
        ),
        migrations.AddConstraint(
            model_name='member',
            constraint=models.CheckConstraint(condition=models.Q(('role__in', ['owner', 'member', 'reader', 'removed'])), name='member_role_known'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.UniqueConstraint(fields=('topic', 'seq'), name='message_topic_seq_unique'),
        ),
        migrations.AddConstraint(
            model_name='reaction',
            constraint=models.UniqueConstraint(fields=('message', 'person', 'emoji'), name='reaction_message_person_emoji_unique'),
        ),
        migrations.AddField(
            model_name='generation',
            name='stop_requested_by_name',
            field=models.CharField(blank=True, max_length=150),
        ),
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
        migrations.AddField(
            model_name='message',
            name='edits',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.UniqueConstraint(condition=models.Q(('client_id', ''), _negated=True), fields=('topic', 'author_id', 'client_id'), name='message_said_once'),
        ),
        migrations.AddIndex(
            model_name='generation',
            index=models.Index(condition=models.Q(('compacted_at__isnull', True), ('end_seq__isnull', False)), fields=['ended_at'], name='generation_to_compact'),
        ),
    ]
