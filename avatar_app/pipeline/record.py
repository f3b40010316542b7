"""The recorder's worker: keeps the last seconds, and writes sessions where there is a reason."""

from __future__ import annotations

import dataclasses
import math
from collections import deque
from datetime import datetime, timedelta

from avatar_app import __version__
from avatar_app.devices.composition import AI_LABEL, compose
from avatar_app.events import Event, RecordingSaved, RecordingStarted, Refused
from avatar_app.pipeline.occasion import ALWAYS, ASKED, Occasion
from avatar_app.pipeline.wiring import Wiring
from avatar_app.provenance import label_tags
from avatar_app.recording import Moment, Roll, SessionInfo, SessionWriter, check_space
from avatar_app.types import AvatarAppError

_WAIT = 0.1
_LATE = 2.0  # seconds by which a picture, or a flag about it, may come after it was taken
_LONGEST = 600.0  # seconds around a flag: one that stays up all day must not fill the disk
_LONGEST_PAUSE = 60.0  # seconds without a picture: no video file can tell one of hours
_BETWEEN_LOOKS = 2.0  # seconds between two looks at the disk
_LAST = 2.0  # seconds for what is still to be written when the app ends


class RecordJob:
    """Owns the disk. The live path never waits for it: what comes too fast is left out, counted.

    Waiting -> recording -> waiting; an error ends the session, and what is on disk stays.
    """

    name = "recorder"

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._occasion = Occasion()
        self._roll = Roll()
        self._recent: deque[Event] = deque()
        self._writer: SessionWriter | None = None
        self._lost_before = self._misfits = 0
        self._look_at = 0.0
        self._is_refused = False

    # What may be posted.

    def start(self) -> None:
        """Record until told to stop; said again where that cannot be."""
        self._is_refused = False
        self._occasion.ask()
        self._wiring.change_state(is_recording_wished=True)

    def stop(self) -> None:
        """End the session that is being recorded, or the wait for its first picture."""
        if self._writer is None and not self._wiring.state.value.is_recording_wished:
            self._refuse("Nothing is being recorded.")
        self._decline()

    # The worker's side.

    def step(self) -> None:
        """Take a moment and what has happened, and begin or end a session where it is time."""
        self._take_events()
        if self._writer is not None and self._write_earlier(self._writer):
            return  # one at a time, so that a command or the end need not wait for all of them
        moment = self._wiring.to_record.take(_WAIT)
        self._take_events()
        # A disk that is behind still gets all that was to be recorded, and so does a slow model:
        # where nothing has come, a picture of earlier may be on its way.
        at = self._wiring.now() - _LATE if moment is None else moment.time
        reason = self._occasion.reason(at, self._wiring.preferences)
        if self._writer is not None and self._is_over(self._writer, reason, at):
            self._finish()
            reason = ""
        if moment is not None:
            self._take(moment, reason)

    def failed(self, error: Exception) -> None:
        """Give the session up; what is on disk stays. The next reason to record counts again."""
        self._decline()
        writer, self._writer = self._writer, None
        self._wiring.change_state(recording="")
        if writer is not None:
            writer.abandon()
        self._wiring.tell_failed(self.name, error, "Recording")

    def close(self) -> None:
        """End the session, with what was rendered until now, or as much of it as is soon done."""
        until = self._wiring.now() + _LAST
        self._take_events()
        if self._writer is None:
            return
        while self._wiring.now() < until:
            if not self._write_earlier(self._writer):
                moment = self._wiring.to_record.take(0)
                if moment is None:
                    break
                self._write(self._writer, moment)
        self._finish(len(self._roll) + len(self._wiring.to_record.drain()))

    def wake(self) -> None:
        """End the wait for a moment."""
        self._wiring.to_record.wake()

    def _take_events(self) -> None:
        for event in self._wiring.to_note.drain():
            if isinstance(event, RecordingStarted | RecordingSaved):
                continue
            self._occasion.note(event, self._wiring.preferences)
            if self._writer is not None:
                self._writer.note(event)
            else:
                self._recent.append(event)
        kept = self._wiring.now() - self._kept_seconds
        while self._recent and self._recent[0].time < kept:
            self._recent.popleft()

    def _is_over(self, writer: SessionWriter, reason: str, at: float) -> bool:
        if reason not in ("", ASKED, ALWAYS) and writer.seconds > _LONGEST:
            self._decline()
            return True
        return not reason or at - writer.ends > _LONGEST_PAUSE or not self._has_space()

    def _take(self, moment: Moment, reason: str) -> None:
        if self._writer is not None and not self._writer.fits(moment):
            self._finish()
        if self._writer is None and reason:
            self._begin(moment, reason)
        elif self._writer is not None:
            self._write(self._writer, moment)
        elif self._wiring.preferences.record == "flags":
            self._roll.add(moment, self._kept_seconds)
        else:
            self._roll.clear()

    @property
    def _kept_seconds(self) -> float:
        return self._wiring.preferences.pre_roll + _LATE

    def _begin(self, moment: Moment, reason: str) -> None:
        if not self._has_space():
            return
        since = moment.time if reason in (ASKED, ALWAYS) else self._occasion.since
        self._roll.forget_before(since)
        self._roll.forget_unlike(moment)  # what it is about is among the newest
        first = self._roll.pop() or moment
        if first is not moment:
            self._roll.add(moment, math.inf)
        state = self._wiring.state.value
        age = timedelta(seconds=self._wiring.now() - first.time)
        info = SessionInfo(
            started=(datetime.now().astimezone() - age).isoformat(timespec="milliseconds"),
            reason=reason,
            avatar=state.avatar.name if state.avatar else "",
            model=state.model_name,
            device=state.device,
            app=__version__,
        )
        folder = self._wiring.preferences.recordings_dir
        writer = self._wiring.parts.session(folder, info, first, label_tags(state.model_name))
        self._writer = writer
        self._lost_before, self._misfits = self._wiring.to_record.lost, 0
        self._is_refused = False
        self._wiring.change_state(recording=str(writer.path))
        self._wiring.tell(RecordingStarted(self._wiring.now(), str(writer.path)))
        for event in self._recent:
            writer.note(event)
        self._recent.clear()
        self._write(writer, first)

    def _write_earlier(self, writer: SessionWriter) -> bool:
        """Write the oldest of the moments from before the session began, if there are any left."""
        earlier = self._roll.pop()
        if earlier is not None:
            self._write(writer, earlier)
        return earlier is not None

    def _write(self, writer: SessionWriter, moment: Moment) -> None:
        if not writer.fits(moment):
            self._misfits += 1
            return
        if self._wiring.preferences.label:
            side = moment.avatar.shape[0]
            labelled = compose(moment.avatar, side, side, AI_LABEL)
            moment = dataclasses.replace(moment, avatar=labelled)
        writer.write(moment)

    def _finish(self, left_out: int = 0) -> None:
        writer, self._writer = self._writer, None
        if writer is None:
            return
        lost = self._wiring.to_record.lost - self._lost_before
        try:
            session = writer.finish(lost + self._misfits + left_out)
        finally:  # only then: until it is whole it would be taken for one that was cut off
            self._wiring.change_state(recording="")
        saved = RecordingSaved(self._wiring.now(), str(session.path), session.seconds)
        self._wiring.tell(saved)

    def _has_space(self) -> bool:
        """Look at the disk now and then; say once where it is too full, and record no more."""
        now = self._wiring.now()
        if self._writer is not None:
            if now < self._look_at:
                return True
            self._writer.check_there()
        self._look_at = now + _BETWEEN_LOOKS
        preferences = self._wiring.preferences
        try:
            check_space(preferences.recordings_dir, preferences.spare_disk)
        except AvatarAppError as error:
            self._decline()
            self._finish()  # first: the last word is why no more is recorded
            if not self._is_refused:
                self._is_refused = True
                self._refuse(str(error))
            return False
        return True

    def _decline(self) -> None:
        self._occasion.decline()
        self._wiring.change_state(is_recording_wished=False)

    def _refuse(self, reason: str) -> None:
        self._wiring.tell(Refused(self._wiring.now(), "recording", reason))
