"""What is wrong with a file, and where: every problem of a file is one line, and all of them are told at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from plans.normal import one_line
from rules.errors import DondocError


@dataclass(frozen=True, kw_only=True)
class Problem:
    """`clause` is the entry as its author knows it: a clause (V.4-3), a duty (V.4-3.a), a unit's slug."""

    line: int
    what: str
    clause: str = ""

    def said_of(self, path: Path) -> str:
        """Return the problem on one line, whatever stands in the file."""
        return f"{path}:{self.line}: {one_line(f'{self.clause}: {self.what}' if self.clause else self.what)}"


class FileError(DondocError):
    """A file cannot be used."""

    def __init__(self, path: Path, problems: Iterable[Problem]) -> None:
        """Show one line per problem, in the order of the file."""
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line))
        super().__init__("\n".join(problem.said_of(path) for problem in self.problems))


def did_you_mean(wrong: str, known: Iterable[str], *, otherwise: str) -> str:
    """Return the mend for a mistyped word: the nearest known one, or what to do if none is near."""
    near = get_close_matches(wrong, list(known), n=1)
    return f"did you mean '{near[0]}'?" if near else otherwise
