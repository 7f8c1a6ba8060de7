"""Does the plan file say what the plan's text says? Other findings are for a person to decide.

Texts are compared in NFC, white space collapsed, `*` removed.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from textwrap import shorten

from plans.dates_lint import waiting_for_a_date, wrong_dates
from plans.findings import Code, Finding, Severity, error, warning
from plans.located import read_text
from plans.normal import plain
from plans.outline import Item, outline
from plans.problems import did_you_mean
from plans.reading import read_cycle, read_plan, read_units
from plans.schema import CycleFile, GroupEntry, PlanFile, Responsibility, UnitsFile

# Words of a clause that give nobody anything to do; a quoted slogan is no duty either.
_NO_DUTY = re.compile(r"[\"“][^\"”]*[\"”]|\bCăn cứ (chức năng, nhiệm vụ được giao|nội dung Kế hoạch)\b|\bvà\b|[^\w\s]")


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A plan with everything that lies beside it. `digest` changes exactly when what the plan says changes."""

    plan: PlanFile
    units: UnitsFile
    source_text: str
    digest: str
    cycles: tuple[CycleFile, ...]
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)


def check(plan_path: Path, cycle_path: Path | None = None) -> Checked:
    """Read a plan, and `units.yaml`, the source text and `cycles/*.yaml` beside it (or only the given cycle).

    Raises FileError for a file that cannot be used; what does not fit together is in the findings.
    """
    folder = plan_path.parent
    plan = read_plan(plan_path)
    units = read_units(folder / "units.yaml")
    source = read_text(folder / plan.plan.source)
    paths = [cycle_path] if cycle_path else sorted((folder / "cycles").glob("*.yaml"))
    cycles = [read_cycle(path) for path in paths]
    findings = _of_the_text(plan, units, source, plan_path.name)
    for path, cycle in zip(paths, cycles, strict=True):
        findings += _of_the_dates(plan, cycle, plan_path.name, path.name)
    if not cycles:
        findings += _of_the_dates(plan, None, plan_path.name)
    return Checked(
        plan=plan,
        units=units,
        source_text=source,
        digest=_digest(plan, source),
        cycles=tuple(cycles),
        findings=tuple(findings),
    )


def lint(plan: PlanFile, units: UnitsFile, source_text: str, cycle: CycleFile | None = None) -> list[Finding]:
    """Compare a plan with its text, its units and the dates of a year; without a year every date is still open."""
    dates = _of_the_dates(plan, cycle, "plan.yaml", f"{cycle.year}.yaml" if cycle else "")
    return _of_the_text(plan, units, source_text, "plan.yaml") + dates


def _of_the_text(plan: PlanFile, units: UnitsFile, source_text: str, plan_name: str) -> list[Finding]:
    items = outline(source_text)
    by_id = {item.id: item for item in items}
    in_plan = [*_unknown_items(plan, by_id), *_unfaithful(plan, by_id), *_unknown_units(plan, units)]
    in_plan += [*_feeding_nothing(plan), *_without_owner(plan, units)]
    return _in(plan.plan.source, _missing_items(plan, items)) + _in(plan_name, in_plan)


def _of_the_dates(plan: PlanFile, cycle: CycleFile | None, plan_name: str, cycle_name: str = "") -> list[Finding]:
    wrong = _in(cycle_name, wrong_dates(plan, cycle)) if cycle else []
    return wrong + _in(plan_name, waiting_for_a_date(plan, cycle))


def _in(file: str, findings: Iterable[Finding]) -> list[Finding]:
    return [replace(finding, file=file) for finding in findings]


def _digest(plan: PlanFile, source_text: str) -> str:
    return hashlib.sha256(f"{plan.model_dump_json()}\n{plain(source_text)}".encode()).hexdigest()


def _missing_items(plan: PlanFile, items: Iterable[Item]) -> Iterator[Finding]:
    accounted = {one.id for one in plan.responsibilities} | {one.item for one in plan.not_duties}
    for item in items:
        covered = any(re.match(rf"{re.escape(section)}(?!\w)", item.id) for section in plan.plan.covers)
        if covered and not item.heading and item.id not in accounted:
            what = (
                f"“{_beginning(item.text)}” is in the text only; make it a responsibility, or a not_duty with a reason"
            )
            yield error(Code.MISSING_ITEM, item.id, item.line, what)


def _unknown_items(plan: PlanFile, by_id: dict[str, Item]) -> Iterator[Finding]:
    named = [(one.id, one.line) for one in plan.responsibilities] + [(one.item, one.line) for one in plan.not_duties]
    named += [(section, plan.plan.line) for section in plan.plan.covers]
    for name, line in named:
        if name not in by_id:
            mend = did_you_mean(name, by_id, otherwise="count the items of the text again")
            yield error(Code.UNKNOWN_ITEM, name, line, f"the text has no such item; {mend}")


def _unfaithful(plan: PlanFile, by_id: dict[str, Item]) -> Iterator[Finding]:
    for one in plan.responsibilities:
        item = by_id.get(one.id)
        if item and plain(one.text) != item.text:
            ours, theirs = _first_difference(plain(one.text), item.text)
            what = f"the wording differs: “{ours}” here, “{theirs}” in the text (line {item.line}); copy the text"
            yield error(Code.TEXT_DIFFERS, one.id, one.line, what)
        yield from _cut_wrongly(one)


def _cut_wrongly(one: Responsibility) -> Iterator[Finding]:
    """Each duty is a phrase of its clause, and together they leave nothing of it over."""
    clause = rest = plain(one.text)
    for duty in one.duties:
        if plain(duty.text) not in clause:
            what = f"“{_beginning(duty.text)}” does not stand in the clause; copy the phrase"
            yield error(Code.DUTY_NOT_IN_CLAUSE, one.key_of(duty), duty.line, what)
        rest = rest.replace(plain(duty.text), " ")
    left_over = " ".join(_NO_DUTY.sub(" ", rest).split())
    if left_over:
        what = f"no duty says “{_beginning(left_over)}”; make it one, or lengthen a duty's text"
        yield warning(Code.WORDS_WITHOUT_DUTY, one.id, one.line, what)


def _unknown_units(plan: PlanFile, units: UnitsFile) -> Iterator[Finding]:
    anyone = units.unit_slugs | units.group_slugs
    for clause, line, slug, known in _named_units(plan, anyone, units.unit_slugs):
        if slug not in known:
            mend = did_you_mean(slug, sorted(known), otherwise="add it to units.yaml")
            yield error(Code.UNKNOWN_UNIT, clause, line, f"unknown unit '{slug}'; {mend}")


def _named_units(
    plan: PlanFile, anyone: frozenset[str], units: frozenset[str]
) -> Iterator[tuple[str, int, str, frozenset[str]]]:
    """Yield every slug that the plan names, where it does, and what may stand there: a group can only be addressed."""
    head = plan.plan
    yield from (("plan", head.line, slug, units) for slug in (head.issuer, head.collector))
    for one in plan.responsibilities:
        yield from ((one.id, one.line, slug, anyone) for slug in one.addressees)
    for key, _, duty in plan.duties():
        yield from ((key, duty.line, slug, anyone) for slug in duty.addressees)
        single = [recipient.applied for recipient in duty.recipients] + [duty.executor]
        yield from ((key, duty.line, slug, units) for slug in single if slug)


def _feeding_nothing(plan: PlanFile) -> Iterator[Finding]:
    keys = [key for key, _, _ in plan.duties()]
    for key, _, duty in plan.duties():
        if duty.feeds and duty.feeds not in keys:
            mend = did_you_mean(duty.feeds, keys, otherwise="name a duty of this plan")
            yield error(Code.UNKNOWN_DUTY, key, duty.line, f"it feeds '{duty.feeds}', which is no duty here; {mend}")


def _without_owner(plan: PlanFile, units: UnitsFile) -> Iterator[Finding]:
    empty = {group.slug: group for group in units.groups if not group.members}
    for one in plan.responsibilities:
        if one.unassigned:
            what = f"chưa phân công ({one.unassigned}); a person names the addressees"
            yield warning(Code.NO_OWNER, one.id, one.line, what)
        for slug in one.addressees:
            if slug in empty:
                yield warning(Code.EMPTY_GROUP, one.id, one.line, _who_could(empty[slug]))


def _who_could(group: GroupEntry) -> str:
    suggested = ", ".join(suggestion.unit or suggestion.name or "" for suggestion in group.suggestions)
    return f"the group '{group.slug}' has no members; a person lists them{suggested and f' (suggested: {suggested})'}"


def _first_difference(ours: str, theirs: str) -> tuple[str, str]:
    """Return up to four words of both texts from the first word on that differs; the end of a text is "(end)"."""
    pairs = list(zip_longest(ours.split(), theirs.split()))
    start = next(index for index, (mine, other) in enumerate(pairs) if mine != other)
    shown = pairs[start : start + 4]
    mine, other = (" ".join(word for word in words if word) for words in zip(*shown, strict=True))
    return mine or "(end)", other or "(end)"


def _beginning(text: str) -> str:
    return shorten(text, 80, placeholder=" …")
