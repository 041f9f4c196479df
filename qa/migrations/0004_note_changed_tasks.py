"""Triggers that list a task as changed in the transaction that changes its answers, however they are written."""

from django.db import migrations

_FUNCTION = """
CREATE FUNCTION qa_note_{name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO qa_changedtask (task_id, project_id)
    SELECT DISTINCT t.id, t.project_id FROM changed_rows c JOIN annotator_task t ON {match};
    RETURN NULL;
END $$;
"""
_TRIGGER = """
CREATE TRIGGER qa_note_{event} AFTER {event} ON annotator_{name} REFERENCING {image} TABLE AS changed_rows
FOR EACH STATEMENT EXECUTE FUNCTION qa_note_{name}();
"""
_MATCHES = {
    "submission": "t.id = c.task_id",
    "consensus": "t.person_id = c.person_id AND t.stage = c.stage",
    "pointset": "t.person_id = c.person_id AND t.stage = 'correspondence'",
}
_IMAGES = {"insert": "NEW", "update": "NEW", "delete": "OLD"}

_TASKS = """
CREATE FUNCTION qa_note_task() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO qa_changedtask (task_id, project_id) VALUES (OLD.id, OLD.project_id);
    RETURN NULL;
END $$;
CREATE TRIGGER qa_note_delete AFTER DELETE ON annotator_task FOR EACH ROW EXECUTE FUNCTION qa_note_task();
CREATE TRIGGER qa_note_gold AFTER UPDATE ON annotator_task FOR EACH ROW
WHEN (OLD.is_gold IS DISTINCT FROM NEW.is_gold) EXECUTE FUNCTION qa_note_task();
INSERT INTO qa_changedtask (task_id, project_id) SELECT t.id, t.project_id FROM annotator_task t
WHERE EXISTS (SELECT 1 FROM annotator_submission s WHERE s.task_id = t.id);
"""


def _forwards() -> str:
    made = [_FUNCTION.format(name=name, match=match) for name, match in _MATCHES.items()]
    made += [
        _TRIGGER.format(name=name, event=event, image=image) for name in _MATCHES for event, image in _IMAGES.items()
    ]
    return "\n".join([*made, _TASKS])


def _backwards() -> str:
    return "\n".join(f"DROP FUNCTION qa_note_{name}() CASCADE;" for name in (*_MATCHES, "task"))


class Migration(migrations.Migration):
    dependencies = [("qa", "0003_comparisons"), ("annotator", "0005_settled_index")]

    operations = [migrations.RunSQL(_forwards(), _backwards())]
