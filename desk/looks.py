"""Looks at a model on the Hub for the form: one a person, and a few of all together.

What a look found is kept for a minute, so that a setting that one changes asks the Hub for nothing, and so that what is
submitted is what was shown. A repository's small files are kept in folders of their own, few and small ones: no visitor
fills the disk.
"""

import shutil
import tempfile
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

from desk.forms import Form, InvalidFields
from desk.recent import Recent
from evaluator.model.explaining import Explanation
from evaluator.model.parts import Composition, Layer
from evaluator.spec import ModelSpec
from evaluator.suite import tasks_of
from submissions.checks import CheckedModel, CheckFailed, HubUnavailable, RevisionFailed, check_model
from submissions.limits import VISITOR
from submissions.live import LiveQueue
from submissions.preview import Gated, explained, look_into
from submissions.record import ModelMetadata, Submission
from submissions.texts import said
from submissions.turns import Turns

SECONDS = 60.0
"""How long what was found is kept."""

MOST = 200
"""Models that are remembered."""

MOST_FOLDERS = 20
MOST_BYTES = 8 * 2**20
"""Bytes of a model's small files that are kept. Those of honest repositories are some hundred kB, or some MB."""


@dataclass(frozen=True)
class Looked:
    """What a form asks for, at commits. `unread`: why there is no explanation of it."""

    spec: ModelSpec
    metadata: ModelMetadata
    explanation: Explanation | None = None
    unread: CheckFailed | None = None

    @property
    def can_be_submitted(self) -> bool:
        """Whether an evaluation could succeed, as far as can be seen without asking for access."""
        return self.unread is None or isinstance(self.unread, Gated)


class Files:
    """A model's small files, in a folder that is gone when nothing refers to this any more."""

    def __init__(self, spec: ModelSpec) -> None:
        folder = tempfile.mkdtemp(prefix="kel-look-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self.composition = look_into(spec, Path(folder))
        self.bytes = sum(path.lstat().st_size for path in Path(folder).rglob("*") if not path.is_dir())

    def of(self, spec: ModelSpec) -> Composition:
        """The model with other settings, made of the same commits."""
        settled = spec.model_copy(update={"parts": self.composition.spec.parts})
        _, *below = self.composition.layers
        return replace(self.composition, spec=settled, layers=(Layer(settled, self.composition.top), *below))


class Looks:
    """Looks, and submits what was seen.

    Args:
        live: the queue.
        at_once: looks that run at a time.
        clock: seconds, which never go back.
    """

    def __init__(self, live: LiveQueue, *, at_once: int = 4, clock: Callable[[], float] = time.monotonic) -> None:
        self._live = live
        self._turns = Turns(at_once)
        self._checked: Recent[tuple[str, str], CheckedModel] = Recent(MOST, SECONDS, clock)
        self._files: Recent[tuple[object, ...], Files | Gated] = Recent(MOST_FOLDERS, SECONDS, clock)

    def look(self, form: Form, who: str, *, maintainer: bool = False) -> Looked:
        """What would be submitted. Visitors of a page without sign-in are one person to the limits, not here.

        Raises:
            OptedOut
            StillChecking: an earlier look of `who` runs, or too many of others do.
            InvalidFields: the model or its revision cannot be taken.
            HubUnavailable
        """
        with self._turns.of(f"a visitor {uuid4()}" if who == VISITOR else who, maintainer=maintainer):
            self._live.refuse_opted_out(form.model)
            return self._looked(form)

    def submit(self, form: Form, who: str, *, maintainer: bool = False, own: Callable[[str], bool]) -> Submission:
        """Queue it. A `maintainer` has no limits. `own`: whether `who` owns a model.

        Raises:
            as `look`; QueueError and StoreError, as `Queue.submit`.
        """
        note = said(form.note)
        with self._turns.of(who, maintainer=maintainer):
            self._live.refuse_opted_out(form.model)
            if not maintainer:
                self._live.allow(who, form.model)  # before the Hub is asked
            looked = self._looked(form)
            if looked.unread is not None and not looked.can_be_submitted:
                raise InvalidFields.of("model", looked.unread)
            submission = self._live.queue.submit(
                looked.spec,
                who=who,
                note=note,
                metadata=looked.metadata,
                suites=form.suites,
                own=own(looked.spec.model),
                training=form.training,
                maintainer=maintainer,
            )
            self._live.refresh()
            return submission

    def change(self, form: Form, submission_id: str, who: str, *, maintainer: bool = False) -> Submission:
        """Give an undecided submission what the form holds. Its code is not trusted because the former one's was.

        Raises:
            as `look`; QueueError and StoreError, as `Queue.change`.
        """
        with self._turns.of(who, maintainer=maintainer):
            self._live.refuse_opted_out(form.model)
            looked = self._looked(form)
            if looked.unread is not None and not looked.can_be_submitted:
                raise InvalidFields.of("model", looked.unread)
            changed = self._live.queue.change(
                submission_id,
                looked.spec,
                who=who,
                maintainer=maintainer,
                metadata=looked.metadata,
                training=form.training,
            )
            self._live.refresh()
            return changed

    def _looked(self, form: Form) -> Looked:
        with _at_their_fields():
            checked = self._check(form)
        spec = ModelSpec(model=checked.model, revision=checked.revision, **form.spec_fields())
        try:
            files = self._files_of(spec)
            if isinstance(files, Gated):
                return Looked(spec, checked.metadata, unread=files)
            composition = files.of(spec)
            return Looked(composition.spec, checked.metadata, explained(composition, tasks_of(form.suites)))
        except HubUnavailable:
            raise
        except CheckFailed as error:
            return Looked(spec, checked.metadata, unread=error)

    def _check(self, form: Form) -> CheckedModel:
        key = (form.model, form.revision)
        if (known := self._checked.get(key)) is not None:
            return known
        checked = check_model(form.model, form.revision)
        self._checked.put(key, checked)
        return checked

    def _files_of(self, spec: ModelSpec) -> Files | Gated:
        key = (spec.model, spec.revision, *sorted(spec.parts.items()))
        if (known := self._files.get(key)) is not None:
            return known
        try:
            files: Files | Gated = Files(spec)
        except Gated as error:
            files = error
        if isinstance(files, Gated) or files.bytes <= MOST_BYTES:
            self._files.put(key, files)
        return files


@contextmanager
def _at_their_fields() -> Iterator[None]:
    """What the Hub refuses, at the field that it is about.

    Raises:
        InvalidFields, HubUnavailable
    """
    try:
        yield
    except HubUnavailable:
        raise
    except RevisionFailed as error:
        raise InvalidFields.of("revision", error) from error
    except CheckFailed as error:
        raise InvalidFields.of("model", error) from error
