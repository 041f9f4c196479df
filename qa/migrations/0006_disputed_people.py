"""Which person and project a merge decision is of, so that people are listed by how far their answers differ."""

from typing import Any

from django.db import migrations, models

_PROJECT: dict[str, Any] = {
    "to": "annotator.project", "on_delete": models.CASCADE, "related_name": "+", "db_index": False
}  # fmt: skip
_PERSON: dict[str, Any] = {"to": "annotator.person", "on_delete": models.CASCADE, "related_name": "merge_decisions"}
# Keys of rows that a transaction changed are checked at its end; a column is not altered while they wait.
_OF_TASK = """
UPDATE qa_mergedecision d SET project_id = t.project_id, person_id = t.person_id
FROM annotator_task t WHERE t.id = d.task_id;
SET CONSTRAINTS ALL IMMEDIATE;
"""


class Migration(migrations.Migration):
    dependencies = [("annotator", "0006_consensus_bars"), ("qa", "0005_merge_decisions")]

    operations = [
        migrations.AddField("mergedecision", "project", models.ForeignKey(null=True, **_PROJECT)),
        migrations.AddField("mergedecision", "person", models.ForeignKey(null=True, **_PERSON)),
        migrations.RunSQL(_OF_TASK, migrations.RunSQL.noop),
        migrations.AlterField("mergedecision", "project", models.ForeignKey(**_PROJECT)),
        migrations.AlterField("mergedecision", "person", models.ForeignKey(**_PERSON)),
        migrations.AddIndex(
            "mergedecision", models.Index(fields=["project", "-disagreement", "-person"], name="merge_most_disputed")
        ),
    ]
