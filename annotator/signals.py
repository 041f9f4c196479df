"""What the heart tells the rooms above it, which it must not import."""

from django.dispatch import Signal

# Sent with `submission` in the transaction of an answer to a person whose truth is known. Receivers act on commit;
# whoever misses it finds the answer without a score.
gold_answered = Signal()
# Sent with `task` in the transaction of a submission after which a task has all the answers it wants, where these are
# to be merged or compared. Receivers act on commit; whoever misses it finds the task in review.
answers_complete = Signal()
