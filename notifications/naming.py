"""What is a duty, its product or its plan called in a sentence? With its year, and without what is not known."""

from datetime import date

from notifications.content import Item, Language, LateList, PlanFacts
from notifications.dates import short_day
from rules.vocabulary import Deliverable

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


def titled(part: Item | LateList, language: Language) -> str:
    """Return the duty with its year: Báo cáo năm 2024; Xây dựng kế hoạch năm 2024. A title that has it, keeps it."""
    title = part.duty_title
    if str(part.year) in title:
        return title
    if language is Language.EN:
        return f"{title}, {part.year}"
    return f"{title} {part.year}" if title.endswith("năm") else f"{title} năm {part.year}"


def noun(item: Item, language: Language) -> str:
    """Return what the office waits for, in one word."""
    return _NOUNS[language][item.deliverable]


def thing(item: Item, language: Language) -> str:
    """Return the product with its year; a report and a duty without a product go by their titles."""
    if item.deliverable is Deliverable.REPORT:
        return titled(item, language)
    if item.deliverable is Deliverable.NONE:
        return f"“{titled(item, language)}”"
    word = noun(item, language)
    return f"{word} năm {item.year}" if language is Language.VI else f"the {word} for {item.year}"


def plan_name(plan: PlanFacts, language: Language) -> str:
    """Return the plan's full name; number and date are left out, without dots, while nobody has entered them."""
    if language is Language.EN:
        parts = ["the Plan", plan.number and f"No. {plan.number}", _issued(plan.issued_on, "of", language)]
        return f"{_joined(parts)} of {plan.issuer_name} ({plan.title})"
    parts = ["Kế hoạch", plan.number and f"số {plan.number}", _issued(plan.issued_on, "ngày", language)]
    subject = plan.title.removeprefix("Kế hoạch ")
    return f"{_joined(parts)} của {plan.issuer_name} về {_lowered(subject.removeprefix('về '))}"


def _issued(day: date | None, word: str, language: Language) -> str | None:
    return f"{word} {short_day(day, language)}" if day else None


def _joined(parts: list[str | None]) -> str:
    return " ".join(part for part in parts if part)


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
