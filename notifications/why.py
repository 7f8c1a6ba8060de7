"""Until when, and why this date? A deadline's final day in both usual forms, and each step of its chain in words."""

from datetime import date, time, timedelta
from itertools import pairwise

from notifications.content import DeadlineFacts, Item, Language
from notifications.dates import clock, long_day, short_day, weekday
from rules.deadlines import Form, Step, StepKind

_PROPOSED = {Language.VI: "đề xuất, không phải quy định", Language.EN: "a proposal, not prescribed by any text"}
_WEEKEND = (5, 6)


def until(deadline: DeadlineFacts, language: Language) -> str:
    """Return the last day exclusively **and** inclusively: half of the readers of `trước ngày` count the day itself."""
    if deadline.at is not None:
        return _until_hour(deadline, language)
    before, latest = _both(deadline.final, language)
    exclusive_first = deadline.steps[-1].form is Form.BEFORE
    first, second = (before, latest) if exclusive_first else (latest, before)
    return f"{first}, tức {second}" if language is Language.VI else f"{first}, that is {second}"


def why(deadline: DeadlineFacts, language: Language) -> tuple[str, ...]:
    """Return the chain, a sentence for each step, in the order in which the date came to be."""
    words = _step_vi if language is Language.VI else _step_en
    earlier = (None, *deadline.steps)
    return tuple(words(step, before.day if before else step.day) for before, step in pairwise(earlier) if step)


def moment(deadline: DeadlineFacts, language: Language) -> str:
    """Return the last day, short, with the hour if there is one: 14/11/2024; 16 giờ 00 ngày 14/11/2024."""
    return _short(deadline.at, deadline.final, language)


def previous_moment(item: Item, language: Language) -> str:
    """Return the last day before the change as `moment` writes it."""
    assert item.previous_final is not None
    return _short(_previous_hour(item), item.previous_final, language)


def previous_day(item: Item, language: Language) -> str:
    """Return the last day before the change with its weekday: hết thứ Năm, ngày 31/10/2024, or from its hour."""
    assert item.previous_final is not None
    return _end_of(_previous_hour(item), item.previous_final, language)


def _previous_hour(item: Item) -> time | None:
    """Return the hour before the last decision; where only a day off was counted anew, the hour has stayed."""
    assert item.deadline is not None
    steps = item.deadline.steps
    decisions = [place for place, step in enumerate(steps) if step.kind is not StepKind.ROLLED]
    earlier = steps[: decisions[-1]]
    if not earlier or earlier[-1].day != item.previous_final:
        return item.deadline.at
    return next(step.at for step in reversed(earlier) if step.kind is not StepKind.ROLLED)


def _short(at: time | None, day: date, language: Language) -> str:
    if at is None:
        return short_day(day, language)
    link = "ngày" if language is Language.VI else "on"
    return f"{clock(at, language)} {link} {short_day(day, language)}"


def _end_of(at: time | None, day: date, language: Language) -> str:
    if language is Language.VI:
        return f"{clock(at, language) if at else 'hết'} {long_day(day, language)}"
    return f"{f'{clock(at, language)} on' if at else 'the end of'} {long_day(day, language)}"


def _both(final: date, language: Language) -> tuple[str, str]:
    after = final + timedelta(days=1)
    if language is Language.VI:
        return f"trước ngày {short_day(after, language)}", f"chậm nhất hết {long_day(final, language)}"
    return f"before {short_day(after, language)}", f"by the end of {long_day(final, language)}"


def _until_hour(deadline: DeadlineFacts, language: Language) -> str:
    assert deadline.at is not None
    hour, day = clock(deadline.at, language), long_day(deadline.final, language)
    exclusive = deadline.governing.form is Form.BEFORE
    if language is Language.VI:
        return f"{'trước' if exclusive else 'chậm nhất'} {hour} {day}"
    return f"{'before' if exclusive else 'by'} {hour} on {day}"


def _step_vi(step: Step, moved_from: date) -> str:
    if step.kind is StepKind.ROLLED:
        side = "chuyển về ngày làm việc liền trước" if step.day < moved_from else "chuyển sang ngày làm việc liền sau"
        day_off = f"Ngày {short_day(moved_from, Language.VI)} là ngày nghỉ ({step.reason})"
        return f"{day_off}, thời hạn {side}: {long_day(step.day, Language.VI)}."
    written, basis = _written_vi(step), _basis(step, Language.VI)
    match step.kind:
        case StepKind.EXTENDED:
            return f"Gia hạn đến {_extended(step, Language.VI)}." + _labelled("Căn cứ", basis)
        case StepKind.CHANGED:
            return f"Điều chỉnh thời hạn: {written}." + _labelled("Căn cứ", basis)
        case StepKind.RETURNED:
            return f"Đề nghị bổ sung, gửi lại: {written}." + _labelled("Nội dung", basis)
        case _:
            return f"{_capitalised(basis or 'thời hạn ấn định')}: {written}."


def _step_en(step: Step, moved_from: date) -> str:
    if step.kind is StepKind.ROLLED:
        side = "back to the working day before" if step.day < moved_from else "on to the next working day"
        weekend = moved_from.weekday() in _WEEKEND
        reason = weekday(moved_from, Language.EN) if weekend else step.reason
        day_off = f"{short_day(moved_from, Language.EN)} is a day off ({reason})"
        return f"{day_off}, so the deadline moves {side}: {long_day(step.day, Language.EN)}."
    written, basis = _written_en(step), _basis(step, Language.EN)
    match step.kind:
        case StepKind.EXTENDED:
            return f"Extended to {_extended(step, Language.EN)}." + _labelled("Basis", basis)
        case StepKind.CHANGED:
            return f"Changed: {written}." + _labelled("Basis", basis)
        case StepKind.RETURNED:
            return f"To be completed and sent again: {written}." + _labelled("What is missing", basis)
        case _:
            return f"{_capitalised(basis or 'as set')}: {written}."


def _written_vi(step: Step) -> str:
    """Return the date as the deciding text has it: exclusive dates stay exclusive here, an hour is named."""
    if step.form is not Form.BEFORE or step.written is None:
        return f"chậm nhất {_end_of(step.at, step.day, Language.VI)}"
    return f"trước {'' if step.at else 'ngày '}{_short(step.at, step.written, Language.VI)}"


def _written_en(step: Step) -> str:
    if step.form is not Form.BEFORE or step.written is None:
        return f"by {_end_of(step.at, step.day, Language.EN)}"
    return f"before {_short(step.at, step.written, Language.EN)}"


def _extended(step: Step, language: Language) -> str:
    """Return the end of the extension; `before 16:00` stays exclusive."""
    exclusive = step.at is not None and step.form is Form.BEFORE
    before = "trước " if language is Language.VI else "before "
    return f"{before if exclusive else ''}{_end_of(step.at, step.day, language)}"


def _basis(step: Step, language: Language) -> str:
    """Return the basis, marked where no text prescribes the date; a basis that says so itself is not marked twice."""
    mark = _PROPOSED[language]
    if not step.proposed or mark in step.basis:
        return step.basis
    return f"{step.basis} ({mark})" if step.basis else mark


def _labelled(label: str, text: str) -> str:
    return f" {label}: {text.rstrip('.')}." if text else ""


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
