"""What would the unit's head sign? A draft BÁO CÁO in Word, made from what the unit entered.

Number and day are left to the clerk, the words to the unit: a section without words gets a visible placeholder, a
figure that nobody entered is a dash, never nought.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from docx.document import Document

from documents import nd30
from documents.nd30 import Column, Letterhead
from documents.words import ACTIVITY_COLUMNS, ACTIVITY_FORMS, MONEY_COLUMNS, MONEY_SOURCES, NARRATIVES
from rules.reports import Activity, ActivityForm, Money, Narrative, Report

TO_BE_WRITTEN = "[đơn vị bổ sung]"
_IN_THE_OTHER = "[nội dung đã nêu trong báo cáo nói trên; đơn vị bổ sung nếu cần]"
NO_FIGURE = "–"
_NO_FIGURES = "chưa có số liệu"
#: A sum to which some activities bring nothing, because nobody entered the figure.
_PARTIAL = " (*)"
_UBND = "Ủy ban nhân dân"
_PLACE_KINDS = r"(?:huyện|xã|thị trấn|phường|quận|thị xã|thành phố|tỉnh|đặc khu)"
_COMMITTEE = re.compile(rf"{_UBND} (?P<place>{_PLACE_KINDS} (?P<name>.+))")
_COMMITTEES = {"ubnd-huyen", "xa"}
#: Who stands above a body that sends it a report: only such a report says "Kính gửi".
_SUPERIORS = (_UBND, "Sở ", "Bộ ")
#: Bodies of UBND huyện: its name stands above theirs. The others have superiors that we do not know.
_BELOW_THE_ISSUER = {"phong", "don-vi"}
_SUM_FIELDS = ("sessions", "attendees", "poor", "articles", "cost")


@dataclass(frozen=True, kw_only=True)
class DraftFacts:
    """What the draft says besides the report itself.

    `unit_kind` is a value of plans.schema.UnitKind, `issuer_name` the body that issued the plan, `plan_name` the
    plan's full name ("Kế hoạch số … của … về …"), `period_words` "năm 2024"; `marks` head every page.
    """

    unit_name: str
    unit_kind: str
    issuer_name: str
    duty_title: str
    plan_name: str
    period_words: str
    recipient_name: str | None
    citation: str
    report: Report
    marks: tuple[str, ...] = ()


def draft_report(facts: DraftFacts) -> bytes:
    """Return the draft as a Word file; equal facts give equal bytes."""
    document = nd30.new_document(f"{facts.duty_title} – {facts.unit_name}", marks=facts.marks)
    nd30.letterhead(document, _letterhead(facts))
    nd30.name_and_subject(document, "BÁO CÁO", f"Kết quả {facts.period_words} thực hiện {facts.plan_name}")
    if facts.recipient_name and _is_superior(facts.recipient_name):
        nd30.addressed_to(document, facts.recipient_name)
    _write_opening(document, facts)
    _write_sections(document, facts)
    _write_last_sentence(document, facts)
    nd30.closing(document, recipients=_recipients(facts), signs=_signs(facts.unit_kind), signer="[Họ và tên]")
    _write_appendix(document, facts)
    return nd30.to_bytes(document)


def _letterhead(facts: DraftFacts) -> Letterhead:
    own = _COMMITTEE.fullmatch(facts.unit_name)
    if facts.unit_kind in _COMMITTEES and own is not None:
        issuer = (_UBND.upper(), own["place"].upper())
        return Letterhead(issuer=issuer, symbol="BC-UBND", place=_place_name(own))
    above = _COMMITTEE.fullmatch(facts.issuer_name) if facts.unit_kind != "so" else None
    name = facts.unit_name.removesuffix(f" {above['place']}") if above else facts.unit_name
    return Letterhead(
        parent=_parent(facts.unit_kind, above),
        issuer=(name.upper(),),
        symbol="BC-[viết tắt]",
        place=_place_name(above) if above else "[địa danh]",
    )


def _parent(unit_kind: str, above: re.Match[str] | None) -> str:
    if unit_kind in _BELOW_THE_ISSUER and above is not None:
        return f"UBND {above['place']}".upper()
    return "[cơ quan chủ quản]" if unit_kind in {*_BELOW_THE_ISSUER, "so"} else ""


def _place_name(committee: re.Match[str]) -> str:
    """Return "Đăk Kôi"; a place that is a number keeps its kind ("Phường 2"), as the decree asks."""
    return committee["place"].capitalize() if committee["name"].isdigit() else committee["name"]


def _is_superior(recipient: str) -> bool:
    return recipient.startswith(_SUPERIORS)


def _write_opening(document: Document, facts: DraftFacts) -> None:
    nd30.body(
        document,
        f"Thực hiện {facts.plan_name} ({facts.citation}), {facts.unit_name} báo cáo kết quả thực hiện "
        f"{facts.period_words} như sau:",
    )
    if facts.report.nested_in:
        nd30.body(document, f"Nội dung được lồng ghép trong {facts.report.nested_in}.")


def _write_sections(document: Document, facts: DraftFacts) -> None:
    def told(section: Narrative) -> None:
        _write_narrative(document, facts.report, section)

    nd30.heading(document, "I. CÔNG TÁC CHỈ ĐẠO, ĐIỀU HÀNH")
    told(Narrative.LEADERSHIP)
    nd30.heading(document, "II. KẾT QUẢ THỰC HIỆN")
    nd30.heading(document, "1. Kết quả chung")
    told(Narrative.RESULTS)
    _write_forms(document, facts.report.activities)
    _write_money(document, facts.report.money)
    nd30.heading(document, "III. ĐÁNH GIÁ CHUNG")
    for number, section in enumerate((Narrative.STRENGTHS, Narrative.LIMITS, Narrative.DIFFICULTIES), start=1):
        nd30.heading(document, f"{number}. {NARRATIVES[section]}")
        told(section)
    for numeral, section in (("IV", Narrative.NEXT_STEPS), ("V", Narrative.PROPOSALS)):
        nd30.heading(document, f"{numeral}. {NARRATIVES[section].upper()}")
        told(section)


def _write_narrative(document: Document, report: Report, section: Narrative) -> None:
    lines = [line.strip() for line in report.narrative.get(section, "").splitlines() if line.strip()]
    for line in lines:
        nd30.body(document, line)
    if not lines:
        nd30.body(document, _IN_THE_OTHER if report.nested_in else TO_BE_WRITTEN, italic=True)


def _write_forms(document: Document, activities: Sequence[Activity]) -> None:
    nd30.heading(document, "2. Các hình thức truyền thông đã thực hiện")
    if not activities:
        nd30.body(document, TO_BE_WRITTEN, italic=True)
        return
    columns = [Column(title="Hình thức", width=54), Column(title="Số hoạt động", width=20, centred=True)]
    columns += [Column(title=ACTIVITY_COLUMNS[field], width=21.5, centred=True) for field in _SUM_FIELDS[:-1]]
    nd30.table(
        document,
        columns,
        [_sums(word, found) for form, word in ACTIVITY_FORMS.items() if (found := _of_form(activities, form))],
        totals=_sums("Tổng cộng", activities),
    )
    _explain_partial(document, activities)


def _of_form(activities: Iterable[Activity], form: ActivityForm) -> list[Activity]:
    return [activity for activity in activities if activity.form is form]


def _sums(title: str, activities: Sequence[Activity]) -> list[str]:
    return [title, str(len(activities)), *(_sum(activities, field) for field in _SUM_FIELDS[:-1])]


def _sum(activities: Sequence[Activity], field: str) -> str:
    """Return the sum of what was entered, marked where a part of it was not."""
    known = _known(getattr(activity, field) for activity in activities)
    if not known:
        return NO_FIGURE
    return nd30.grouped(sum(known)) + ("" if len(known) == len(activities) else _PARTIAL)


def _known(figures: Iterable[int | None]) -> list[int]:
    return [figure for figure in figures if figure is not None]


def _explain_partial(document: Document, activities: Sequence[Activity]) -> None:
    if any(_sum(activities, field).endswith(_PARTIAL) for field in _SUM_FIELDS):
        nd30.note(document, "(*) Chưa gồm các hoạt động chưa có số liệu.")


def _write_money(document: Document, money: Sequence[Money]) -> None:
    nd30.heading(document, "3. Kinh phí thực hiện")
    for part in money:
        planned, spent = (_amount(amount) for amount in (part.planned, part.spent))
        nd30.body(document, f"- {MONEY_SOURCES[part.source]}. Được giao: {planned}; đã thực hiện: {spent}.")
    if not money:
        nd30.body(document, TO_BE_WRITTEN, italic=True)


def _amount(amount: int | None) -> str:
    return _NO_FIGURES if amount is None else f"{nd30.grouped(amount)} đồng"


def _write_last_sentence(document: Document, facts: DraftFacts) -> None:
    words = f"Trên đây là báo cáo kết quả {facts.period_words} thực hiện Kế hoạch của {facts.unit_name}"
    if facts.recipient_name and _is_superior(facts.recipient_name):
        words += f", kính trình {facts.recipient_name} xem xét, chỉ đạo"
    elif facts.recipient_name:
        words += f", gửi {facts.recipient_name} tổng hợp"
    nd30.body(document, f"{words}./.")


def _recipients(facts: DraftFacts) -> list[str]:
    """Return the list of recipients; a report that says "Kính gửi" names its reader only there."""
    if facts.recipient_name is None:
        return ["[nơi nhận];", "Lưu: VT."]
    first = "Như trên;" if _is_superior(facts.recipient_name) else f"{facts.recipient_name} (b/c);"
    return [first, "Lưu: VT."]


def _signs(unit_kind: str) -> tuple[str, ...]:
    if unit_kind in _COMMITTEES:
        return ("TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH")
    return {"phong": ("TRƯỞNG PHÒNG",), "so": ("GIÁM ĐỐC",)}.get(unit_kind, ("THỦ TRƯỞNG ĐƠN VỊ",))


def _write_appendix(document: Document, facts: DraftFacts) -> None:
    nd30.appendix(
        document,
        title=f"HOẠT ĐỘNG TRUYỀN THÔNG VÀ KINH PHÍ {facts.period_words.upper()}",
        belongs_to=nd30.attached_to(_letterhead(facts).symbol, facts.unit_name),
    )
    nd30.caption(document, "1. Các hoạt động đã thực hiện")
    activities = facts.report.activities
    nd30.table(document, _ACTIVITY_TABLE, _activity_rows(activities), totals=_activity_totals(activities))
    _explain_partial(document, activities)
    nd30.caption(document, "2. Kinh phí")
    nd30.table(document, _MONEY_TABLE, _money_rows(facts.report.money), totals=_money_totals(facts.report.money))


#: Widths in millimetres; together what a landscape page between its margins has (257).
_ACTIVITY_WIDTHS = {
    "form": 40.0,
    "day": 23.0,
    "place": 32.0,
    "topic": 38.0,
    "sessions": 13.0,
    "attendees": 16.0,
    "poor": 21.0,
    "articles": 14.0,
    "cost": 27.0,
    "evidence": 21.0,
}
_NUMBERED = Column(title="STT", width=12, centred=True)
_ACTIVITY_TABLE = [
    _NUMBERED,
    *(
        Column(title=title, width=_ACTIVITY_WIDTHS[field], centred=field in {"day", *_SUM_FIELDS})
        for field, title in ACTIVITY_COLUMNS.items()
    ),
]
_MONEY_TABLE = [
    _NUMBERED,
    Column(title="Nguồn kinh phí", width=125),
    *(Column(title=title, width=60, centred=True) for title in MONEY_COLUMNS.values()),
]


def _activity_rows(activities: Iterable[Activity]) -> Iterator[list[str]]:
    for number, activity in enumerate(activities, start=1):
        yield [str(number), *(_shown(activity, field) for field in ACTIVITY_COLUMNS)]


def _shown(activity: Activity, field: str) -> str:
    """Return one cell: a dash where nothing was entered."""
    if field == "form":
        return ACTIVITY_FORMS[activity.form]
    if field == "day":
        return NO_FIGURE if activity.day is None else nd30.in_figures(activity.day)
    value = getattr(activity, field)
    if value in (None, ""):
        return NO_FIGURE
    return nd30.grouped(value) if isinstance(value, int) else str(value)


def _activity_totals(activities: Sequence[Activity]) -> list[str]:
    summed = (_sum(activities, field) if field in _SUM_FIELDS else "" for field in list(ACTIVITY_COLUMNS)[1:])
    return ["", "Tổng cộng" if activities else TO_BE_WRITTEN, *summed]


def _money_rows(money: Iterable[Money]) -> Iterator[list[str]]:
    for number, part in enumerate(money, start=1):
        figures = (_NO_FIGURES if amount is None else nd30.grouped(amount) for amount in (part.planned, part.spent))
        yield [str(number), MONEY_SOURCES[part.source], *figures]


def _money_totals(money: Sequence[Money]) -> list[str]:
    """Return the sums; none where a source has no figure, for half a sum of money misleads."""
    sums = ([part.planned for part in money], [part.spent for part in money])
    whole = [_known(amounts) if None not in amounts else [] for amounts in sums]
    return ["", "Tổng cộng", *(nd30.grouped(sum(known)) if known else NO_FIGURE for known in whole)]
