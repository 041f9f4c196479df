"""What qa does when the heart tells of something; as little as can be done in a request."""

import logging
from typing import Any

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError as BrokerError

from annotator.models import Submission

logger = logging.getLogger(__name__)


def ask_to_score(sender: object, submission: Submission, **_more: Any) -> None:
    """Have an answer to a gold person measured once it is committed. What a dead broker lost, the beat finds."""

    def send() -> None:
        try:
            current_app.send_task("qa.score_gold", [submission.pk], retry=False)
        except (BrokerError, OSError) as error:
            logger.warning("score_not_sent submission=%s error=%s", submission.pk, error)

    transaction.on_commit(send)
