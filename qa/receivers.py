"""What qa does when the heart tells of something; as little as can be done in a request."""

import logging
from typing import Any

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError as BrokerError

from annotator.models import Submission, Task

logger = logging.getLogger(__name__)


def ask_to_score(sender: object, submission: Submission, **_more: Any) -> None:
    """Have an answer of tutorial or exam measured once it is committed; a check waits until it stands, for the beat."""
    if submission.lease is not None and submission.lease.is_training:
        _send_on_commit("qa.score_gold", submission.pk)


def ask_to_merge(sender: object, task: Task, **_more: Any) -> None:
    """Have a task's answers merged once they are committed."""
    _send_on_commit("qa.merge_answers", task.pk)


def _send_on_commit(name: str, pk: int) -> None:
    """Send a task once the transaction is committed. What a dead broker lost, the beat finds."""

    def send() -> None:
        try:
            current_app.send_task(name, [pk], retry=False)
        except (BrokerError, OSError) as error:
            logger.warning("not_sent task=%s pk=%s error=%s", name, pk, error)

    transaction.on_commit(send)
