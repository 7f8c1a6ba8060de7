"""What does the immediate mail "Đổi thời hạn" say? The old day, the new one, and why."""

from notifications.content import Changed, Rendered
from notifications.morning import headline, letter_context, shared_facts
from notifications.rendering import render


def render_changed(mail: Changed) -> Rendered:
    """Render the mail that goes out as soon as a deadline was changed, extended or first set."""
    context = letter_context(mail) | shared_facts(mail.items)
    return render(
        "changed",
        mail.reader.language,
        context | {"items": mail.items, "to_head": False, "headline": headline(mail.items, ())},
    )
