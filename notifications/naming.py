"""What is a duty, its product or its plan called in a sentence? With its period, and without what is not known."""

import re
from datetime import date

from notifications.content import Item, Language, LateList, PlanFacts
from notifications.dates import month_name, short_day
from rules.periods import Period, period_from
from rules.vocabulary import Deliverable, PeriodKind

_QUARTERS = ("I", "II", "III", "IV")
_HALVES = {Language.VI: ("đầu", "cuối"), Language.EN: ("first", "second")}
_SPAN = (
    r"(?:(?:hằng|hàng|mỗi|từng) )?"
    r"(?:quý(?: (?:I{1,3}|IV|[1-4])\b)?|(?:0?6|sáu) tháng(?: (?:đầu|cuối) năm)?|tháng(?: \d{1,2}\b)?|năm)(?: \d{4}\b)?"
)
#: "quý", "hằng tháng", "quý, 6 tháng, năm": how a title says how often; at its end, or before what it is about.
_HOW_OFTEN = re.compile(
    rf"(?<= ){_SPAN}(?:(?:,| và|,? hoặc)? {_SPAN})*"
    r"(?=$|[,;]| (?:về|kết quả|tình hình|công tác|việc|thực hiện|theo|gửi)\b)"
)

_NOUNS = {
    Language.VI: {
        Deliverable.REPORT: "báo cáo",
        Deliverable.PLAN: "kế hoạch",
        Deliverable.PROPOSAL: "đề xuất",
        Deliverable.NONE: "kết quả thực hiện",
    },
    Language.EN: {
        Deliverable.REPORT: "report",
        Deliverable.PLAN: "plan",
        Deliverable.PROPOSAL: "proposal",
        Deliverable.NONE: "result",
    },
}

#: How the name of something that can be sent begins; "Xây dựng kế hoạch" names work.
_PRODUCTS = {Language.VI: ("báo cáo", "kế hoạch", "đề xuất", "kết quả"), Language.EN: ("the ",)}
_SHORT_NAMES = (
    ("Ủy ban nhân dân", "UBND"),
    ("Uỷ ban nhân dân", "UBND"),
    ("Lao động - Thương binh và Xã hội", "LĐ-TB&XH"),
)


def titled(part: Item | LateList, language: Language) -> str:
    """Return the duty with its period: Báo cáo năm 2024; Báo cáo quý III năm 2024. A title that has it, keeps it."""
    return named(part.duty_title, part.year, part.period, language)


def named(title: str, year: int, period: str, language: Language) -> str:
    """Return a duty's title with its period (`2024`, `2024-Q3`), wherever it is named outside a mail's item."""
    span = _part_of_year(period)
    if span is not None:
        return _with_span(title, _span_words(span, language), language)
    if str(year) in title:
        return title
    if language is Language.EN:
        return f"{title}, {year}"
    return f"{title} {year}" if title.endswith("năm") else f"{title} năm {year}"


def listed(item: Item, language: Language) -> str:
    """Return the duty for an enumeration under its year: with its period only where that is not the whole year."""
    return item.duty_title if _part_of_year(item.period) is None else titled(item, language)


def noun(item: Item, language: Language) -> str:
    """Return what the office waits for, in one word."""
    return _NOUNS[language][item.deliverable]


def thing(item: Item, language: Language) -> str:
    """Return the product with its period; a report and a duty without a product go by their titles."""
    if item.deliverable is Deliverable.REPORT:
        return titled(item, language)
    if item.deliverable is Deliverable.NONE:
        return f"“{titled(item, language)}”"
    word, span = noun(item, language), _part_of_year(item.period)
    if language is Language.VI:
        return f"{word} {_span_words(span, language) if span else f'năm {item.year}'}"
    return f"the {word} for {_span_words(span, language) if span else item.year}"


def plan_name(plan: PlanFacts, language: Language) -> str:
    """Return the plan's full name; number and date are left out, without dots, while nobody has entered them."""
    if language is Language.EN:
        parts = ["the Plan", plan.number and f"No. {plan.number}", _issued(plan.issued_on, "of", language)]
        return f"{_joined(parts)} of {plan.issuer_name} ({plan.title})"
    parts = ["Kế hoạch", plan.number and f"số {plan.number}", _issued(plan.issued_on, "ngày", language)]
    subject = plan.title.removeprefix("Kế hoạch ")
    return f"{_joined(parts)} của {plan.issuer_name} về {_lowered(subject.removeprefix('về '))}"


def matter(what: str, language: Language) -> str:
    """Return a task as a sentence names it: a product as it is called, everything else in quotes."""
    return what if what.casefold().startswith(("“", *_PRODUCTS[language])) else f"“{what}”"


def product(what: str, language: Language) -> str:
    """Return what was handed in for a task; without the task's name, simply the document."""
    vietnamese = language is Language.VI
    if not what:
        return "văn bản" if vietnamese else "the document"
    sent = matter(what, language)
    return f"kết quả {sent}" if vietnamese and sent.startswith("“") else sent


def short_unit(name: str) -> str:
    """UBND xã Đăk Kôi; Phòng LĐ-TB&XH huyện Kon Rẫy: as the offices themselves shorten their names."""
    for long, short in _SHORT_NAMES:
        name = name.replace(long, short)
    return name


def _part_of_year(period: str) -> Period | None:
    """Return the half, quarter or month; None for a whole year and for what is ad hoc."""
    year, _, code = period.partition("-")
    return period_from(int(year), code) if code else None


def _span_words(span: Period, language: Language) -> str:
    vietnamese = language is Language.VI
    match span.kind:
        case PeriodKind.HALF_YEAR:
            half = _HALVES[language][span.number - 1]
            return f"6 tháng {half} năm {span.year}" if vietnamese else f"{half} half of {span.year}"
        case PeriodKind.QUARTER:
            quarter = _QUARTERS[span.number - 1]
            return f"quý {quarter} năm {span.year}" if vietnamese else f"Q{span.number} {span.year}"
        case _:
            return f"tháng {span.number} năm {span.year}" if vietnamese else f"{month_name(span.number)} {span.year}"


def _with_span(title: str, words: str, language: Language) -> str:
    """Return `title` for these months; in Vietnamese they take the place of the title's own "quý" or "hằng tháng"."""
    if words in title:
        return title
    if language is Language.EN:
        return f"{title}, {words}"
    named, replaced = _HOW_OFTEN.subn(words, title, count=1)
    return named if replaced else f"{title} {words}"


def _issued(day: date | None, word: str, language: Language) -> str | None:
    return f"{word} {short_day(day, language)}" if day else None


def _joined(parts: list[str | None]) -> str:
    return " ".join(part for part in parts if part)


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
