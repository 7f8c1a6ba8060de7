"""Where in the file does a value stand: YAML read into plain values, with the line of every key and entry.

Scalars stay text, as written and in NFC; only an unquoted `null`, `~` or nothing is None. What a text means (a number,
a date, yes or no) is decided by the field that it fills, so `no`, `16:00` or `2024-06-31` never turn into something
else on the way. Each mapping also carries the line it begins on, under the key `line`.
"""

import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from plans.problems import FileError, Problem

Place = tuple[str | int, ...]
_NULL = "tag:yaml.org,2002:null"
# What YAML itself finds in plain text; any other tag asks for an object that is none of ours.
_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("map", "seq", "str", "null", "bool", "int", "float", "timestamp")}


@dataclass
class Located:
    """The values of a file, the lines they stand on (by place: keys and positions from the top), what was wrong."""

    values: Any = None
    lines: dict[Place, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, place: Place) -> int:
        """Return the line of the place, or of the nearest thing around it that the file has."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


def read_text(path: Path) -> str:
    """Return the file's text in NFC; a file that is missing or no Unicode text is refused with its mend."""
    try:
        return unicodedata.normalize("NFC", path.read_bytes().decode("utf-8-sig"))
    except IsADirectoryError:
        what = "this is a folder; name a file in it (a plan's is plan.yaml)"
        raise FileError(path, [Problem(line=1, what=what)]) from None
    except (FileNotFoundError, NotADirectoryError):
        raise FileError(path, [Problem(line=1, what="there is no such file; check the name and the folder")]) from None
    except PermissionError:
        raise FileError(path, [Problem(line=1, what="the file may not be read; check its permissions")]) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        what = "this is no UTF-8 text (an old font such as TCVN3 or VNI?); convert it to Unicode, then save as UTF-8"
        raise FileError(path, [Problem(line=line, what=what)]) from None


def read_yaml(path: Path) -> Located:
    """Return the file's values and lines; a file that is no YAML is refused with the line."""
    return parse_yaml(path, read_text(path))


def parse_yaml(path: Path, text: str) -> Located:
    """Return the values and lines of a file's text; what is no YAML is refused with the line."""
    located = Located()
    try:
        root = YAML(typ="safe", pure=True).compose(text)
        located.values = _value(root, (), located)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = f"this is no valid YAML: {error.problem or error.context}; check indentation, colons and quotes"
        raise FileError(path, [Problem(line=mark.line + 1 if mark else 1, what=what)]) from None
    except (YAMLError, RecursionError) as error:
        line = text.count("\n", 0, getattr(error, "position", 0)) + 1
        what = f"this is no valid YAML: {str(error).splitlines()[0]}"
        raise FileError(path, [Problem(line=line, what=what)]) from None
    return located


def _value(node: Node | None, place: Place, located: Located) -> Any:
    if node is None:
        return None
    line = node.start_mark.line + 1
    located.lines.setdefault(place, line)
    if node.anchor is not None:
        located.problems.append(Problem(line=line, what=f"write the text out instead of the anchor '&{node.anchor}'"))
        return None
    if str(node.tag) not in _TAGS:
        located.problems.append(Problem(line=line, what=f"leave out the tag '{node.tag}'"))
        return None
    if isinstance(node, MappingNode):
        return _mapping(node, place, located)
    if isinstance(node, SequenceNode):
        return [_value(entry, (*place, index), located) for index, entry in enumerate(node.value)]
    return None if str(node.tag) == _NULL else node.value


def _mapping(node: MappingNode, place: Place, located: Located) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key, line = str(key_node.value), key_node.start_mark.line + 1
        if not isinstance(key_node, ScalarNode):
            located.problems.append(Problem(line=line, what="a key is one word; write lines such as 'key: value'"))
        elif key in values:
            first = located.lines[*place, key]
            what = f"the key '{key}' stands here twice (first on line {first}); keep one of them"
            located.problems.append(Problem(line=line, what=what))
        elif key == "line":
            located.problems.append(Problem(line=line, what="unknown key 'line'; leave it out"))
        else:
            located.lines[*place, key] = line
            values[key] = _value(value_node, (*place, key), located)
    values["line"] = node.start_mark.line + 1
    return values
