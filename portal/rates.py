"""How often may somebody ask? Counted in this process only: enough to make guessing and flooding pointless."""

from dataclasses import dataclass, field

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

#: A secret has 256 bits: ten wrong ones a minute tell of a mistake or of an attack, and reach nothing.
WRONG_SECRETS = parse("10/minute")
#: Mails with links: to one address, and from one visitor for any address (a whole district can sit behind one).
LINKS_TO_ADDRESS = parse("5/hour")
LINKS_FROM_VISITOR = parse("200/hour")
#: Forms of one visitor; an officer fills in one in a minute.
FORMS = parse("120/minute")


@dataclass(frozen=True)
class Rates:
    """`scale` raises all limits for a load test."""

    scale: int = 1
    _limiter: MovingWindowRateLimiter = field(default_factory=lambda: MovingWindowRateLimiter(MemoryStorage()))

    def allows(self, limit: RateLimitItem, who: str) -> bool:
        """Count one more and say whether it was allowed."""
        return self._limiter.hit(self._scaled(limit), who)

    def _scaled(self, limit: RateLimitItem) -> RateLimitItem:
        return type(limit)(limit.amount * self.scale, limit.multiples, limit.namespace)
