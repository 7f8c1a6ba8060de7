"""How are days, hours and counts written? Vietnamese as NĐ 30/2020/NĐ-CP writes them, English with the month's name."""

from datetime import date, time

from notifications.content import Language

#: Monday first, as `date.weekday` counts.
_WEEKDAYS = {
    Language.VI: ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật"),
    Language.EN: ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
#: Only days below 10 and the months 1 and 2 take a leading zero (NĐ 30/2020/NĐ-CP, Phụ lục I, phần II, mục 4).
_LAST_PADDED_MONTH = 2


def weekday(day: date, language: Language) -> str:
    return _WEEKDAYS[language][day.weekday()]


def short_day(day: date, language: Language) -> str:
    """07/11/2024, 29/3/2024, 15/02/2024; in English 7 Nov 2024, where no reader can take the day for the month."""
    if language is Language.EN:
        return f"{day.day} {_MONTHS[day.month - 1][:3]} {day.year}"
    month = f"{day.month:02d}" if day.month <= _LAST_PADDED_MONTH else f"{day.month}"
    return f"{day.day:02d}/{month}/{day.year}"


def long_day(day: date, language: Language) -> str:
    """Thứ Năm, ngày 14/11/2024 (the weekday in lower case); Thursday, 14 November 2024."""
    if language is Language.EN:
        return f"{weekday(day, language)}, {day.day} {_MONTHS[day.month - 1]} {day.year}"
    return f"{weekday(day, language)}, ngày {short_day(day, language)}"


def month_name(number: int) -> str:
    """Return the English name of the month that counts from 1."""
    return _MONTHS[number - 1]


def clock(moment: time, language: Language) -> str:
    """07 giờ 00; in English 07:00."""
    return f"{moment:%H:%M}" if language is Language.EN else f"{moment:%H} giờ {moment:%M}"


def count(number: int, language: Language) -> str:
    """Two digits in Vietnamese (05), since official numbers below 10 carry a zero; as it is in English."""
    return str(number) if language is Language.EN else f"{number:02d}"
