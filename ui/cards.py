"""Which models there are figures of, in the order in which pages list them."""

from __future__ import annotations

from octcore.models import ModelInfo, catalogue, ensemble
from octcore.store import Task

TASKS: tuple[Task, ...] = ("oct", "fundus", "segment")


def measured(task: Task) -> list[ModelInfo]:
    """A task's models that have a card, their mean first. One that was exported and not yet measured has none. Raises
    `octcore.models.ModelError`."""
    each = [model for model in catalogue() if model.task == task and model.card]
    together = ensemble(task)
    return [*([together] if together and each else []), *each]
