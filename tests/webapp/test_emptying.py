"""Between tests the tables are emptied, whatever a live app is just doing."""

import threading
import time

import pytest
from django.db import connection
from psycopg import Connection, connect

LOCKED = ("annotator_event", "annotator_comment", "annotator_sentback")


def _other_client() -> "Connection[tuple[object, ...]]":
    place = connection.settings_dict
    words = {"dbname": place["NAME"], "user": place["USER"], "password": place["PASSWORD"], "host": place["HOST"]}
    return connect(**words)


@pytest.mark.django_db(transaction=True)
def test_emptying_goes_on_where_the_other_side_looked_for_a_deadlock_too_early() -> None:
    """A third lets the emptying go on only after the other side has looked; then the emptying is told to give up."""
    first, middle, last = LOCKED
    ended: list[str] = []

    def empty() -> None:
        connection.ops.execute_sql_flush([f'LOCK TABLE "{name}" IN ACCESS EXCLUSIVE MODE' for name in LOCKED])
        connection.close()
        ended.append("emptied")

    def ask() -> None:
        other.execute(f'SELECT count(*) FROM "{first}"')
        other.rollback()
        ended.append("asked")

    with _other_client() as other, _other_client() as third:
        other.execute(f'LOCK TABLE "{last}" IN ACCESS SHARE MODE')
        third.execute(f'LOCK TABLE "{middle}" IN ACCESS SHARE MODE')
        threads = [threading.Thread(target=work) for work in (empty, ask)]
        for thread in threads:
            thread.start()
            time.sleep(0.5)
        time.sleep(1.5)  # the other side looks after a second: the emptying waits for somebody else
        third.rollback()
        for thread in threads:
            thread.join(30)
    assert ended == ["asked", "emptied"]
