"""Find the answers that call a point "not this part" without reading all answers."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("annotator", "0001_initial")]

    operations = [
        migrations.RunSQL(
            r"""CREATE INDEX submission_not_this_part ON annotator_submission (task_id)
                WHERE position('\x03'::bytea in status) > 0""",
            "DROP INDEX submission_not_this_part",
        ),
    ]
