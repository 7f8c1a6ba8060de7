"""Takes the guide's pictures of the pages: `make screenshots` writes them into docs/images, from invented data."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.integration.cast import DAK_KOI, OFFICE_HEAD, OFFICER, TAN_LAP
from tests.system.busy_day import DAK_RUONG, DAK_TO_RE, BusyDay
from tests.system.pages import Viewer, chromium, running_office

FOLDER = Path(__file__).parents[2] / "docs" / "images"
_PHONE, _DESK = (390, 844), (900, 700)
#: Debian's Chromium speaks English alone; the officers' browsers show days as here.
_VIETNAMESE_DAYS = """
document.querySelectorAll("input[type=date]").forEach(one => {
    const [year, month, day] = one.value.split("-");
    one.type = "text";
    one.value = day ? `${day}/${month}/${year}` : "dd/mm/yyyy";
})
"""
#: Further down a page too, a picture must say that its data are invented; returns how high that is.
_BANNER_STAYS = """(() => {
    const banner = document.querySelector(".banner").parentElement;
    banner.style.position = "sticky";
    banner.style.top = "0";
    return banner.offsetHeight;
})()"""


def _task(day: BusyDay) -> str:
    return f"/don-vi/nhiem-vu/{day.task(DAK_TO_RE)}"


def _report(day: BusyDay) -> str:
    return f"/don-vi/nhiem-vu/{day.task(DAK_RUONG)}/bao-cao"


def _case(day: BusyDay) -> str:
    return f"/phong/nhiem-vu/{day.task(DAK_KOI)}"


@dataclass(frozen=True)
class Shot:
    """One picture: who looks at what, which part he unfolds, from which heading on, and how much of the height."""

    name: str
    visitor: str
    path: Callable[[BusyDay], str]
    size: tuple[int, int]
    height: int
    unfolded: str = ""
    start: str = ""


SHOTS = (
    Shot("nhiem-vu-cua-don-vi", TAN_LAP, lambda _: "/don-vi", _PHONE, 900),
    Shot("bao-cao", DAK_RUONG, _report, _PHONE, 900, start="Hoạt động truyền thông"),
    Shot("tra-loi-khac", DAK_TO_RE, _task, _PHONE, 850, "Đề nghị gia hạn", "Trả lời khác"),
    Shot("tong-quan", OFFICER, lambda _: "/phong", _DESK, 800),
    Shot("van-ban-den", OFFICER, lambda day: f"/phong/van-ban-den?bao-cao={day.task(DAK_TO_RE)}", _DESK, 1010),
    Shot("tiep-nhan", OFFICER, _case, _DESK, 680, "Đề nghị bổ sung", "Quyết định"),
    Shot("gia-han", OFFICER, lambda _: "/phong/gia-han", _DESK, 1010),
    Shot("vuong-mac", OFFICER, lambda _: "/phong/vuong-mac", _DESK, 920, "Trả lời, xếp nhóm"),
    Shot("dot-xuat", OFFICER, lambda _: "/phong/dot-xuat", _DESK, 1340),
    Shot("duyet-gui", OFFICE_HEAD, lambda _: "/phong/duyet-gui", _DESK, 720),
)


def take(folder: Path) -> None:
    """Write all pictures into a folder."""
    with tempfile.TemporaryDirectory() as home, running_office(Path(home)) as office:
        day = BusyDay(office)
        day.prepare()
        with chromium() as browser:
            for shot in SHOTS:
                with browser.visitor(office, size=shot.size) as viewer:
                    viewer.keep(*day.cookie(shot.visitor))
                    viewer.open(shot.path(day))
                    _take(shot, viewer, folder)


def _take(shot: Shot, viewer: Viewer, folder: Path) -> None:
    page = viewer.page
    if shot.unfolded:
        viewer.unfold(shot.unfolded)
    page.evaluate(_VIETNAMESE_DAYS)
    page.set_viewport_size({"width": shot.size[0], "height": shot.height})
    if shot.start:
        banner = page.evaluate(_BANNER_STAYS)
        found = page.locator("h2, h3").get_by_text(shot.start, exact=True).first
        found.evaluate(
            "(one, room) => window.scrollTo(0, one.getBoundingClientRect().top + window.scrollY - room)", banner + 12
        )
    page.screenshot(path=folder / f"{shot.name}.png")


if __name__ == "__main__":
    take(FOLDER)
