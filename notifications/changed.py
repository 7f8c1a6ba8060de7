"""What does the immediate mail "Đổi thời hạn" say? The old day, the new one, and why."""

from notifications.content import Changed, Rendered
from notifications.morning import headline, letter_context, shared_facts
from notifications.rendering import render


def render_changed(mail: Changed) -> Rendered:
    """Render the mail that goes out as soon as a deadline was changed, extended or first set."""
    context = letter_context(mail) | shared_facts(mail.items)
    facts = {
        "items": mail.items,
        "to_head": False,
        "all_passed": False,
        "office_word": mail.items[0].collector_word,
        "headline": headline(mail.items, ()),
    }
    return render("changed", mail.reader.language, context | facts)
