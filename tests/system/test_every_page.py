"""Every page of the app in a real browser: nothing for axe to find, nothing that scrolls sideways; two languages."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain

import pytest

from models import StoredFile
from portal.app import make_app
from portal.gate import LANGUAGE_COOKIE
from tests.integration.cast import DAK_KOI, DAK_PNE, OFFICE_HEAD, OFFICER, TAN_LAP
from tests.integration.portal_cast import routes
from tests.system.busy_day import DAK_RUONG, DAK_RVE, DAK_TO_RE, BusyDay, numbers
from tests.system.pages import DESK, Viewer

pytestmark = pytest.mark.system

_TASK, _CASE = "/don-vi/nhiem-vu/{identifier}", "/phong/nhiem-vu/{identifier}"
STRANGER = ""


@dataclass(frozen=True)
class Look:
    """One page as one visitor sees it: a unit, a member of staff, or nobody that is known."""

    visitor: str
    path: str


def looks(day: BusyDay) -> dict[str, list[Look]]:
    """Return, for each route that is a page, what is looked at: its states that differ."""

    def of_units(path: str, *units: str) -> list[Look]:
        return [Look(unit, path.format(identifier=day.task(unit))) for unit in units]

    def of_staff(path: str, *units: str) -> list[Look]:
        return [Look(OFFICER, path.format(identifier=day.task(unit))) for unit in units]

    case = day.task(DAK_TO_RE)
    return {
        "/l/{secret}": [Look(STRANGER, "/l/" + "x" * 43), Look(STRANGER, day.ended_link(DAK_KOI))],
        "/": [Look(STRANGER, "/")],
        "/phong/dang-nhap": [Look(STRANGER, "/phong/dang-nhap")],
        "/phong/vao/{secret}": [Look(STRANGER, day.sign_in_link()), Look(STRANGER, "/phong/vao/" + "x" * 43)],
        "/don-vi": [Look(unit, "/don-vi") for unit in (DAK_RUONG, DAK_KOI, "mttq-huyen")],
        "/don-vi/vuong-mac": [Look(TAN_LAP, "/don-vi/vuong-mac?da=vuong-mac")],
        "/don-vi/phat-sinh": [Look(TAN_LAP, "/don-vi/phat-sinh")],
        "/don-vi/nguoi-lam-thay": [Look(DAK_RUONG, "/don-vi/nguoi-lam-thay")],
        _TASK: of_units(_TASK, DAK_RUONG, DAK_PNE, DAK_RVE, TAN_LAP),
        _TASK + "/bao-cao": of_units(_TASK + "/bao-cao", DAK_RUONG, DAK_PNE),
        "/phong": [Look(OFFICER, "/phong"), Look(OFFICE_HEAD, "/phong")],
        "/phong/bang": [Look(OFFICER, "/phong/bang")],
        "/phong/zalo": [Look(OFFICER, "/phong/zalo")],
        "/phong/van-ban-den": [Look(OFFICER, f"/phong/van-ban-den?bao-cao={case}")],
        "/phong/cho-tiep-nhan": [Look(OFFICER, "/phong/cho-tiep-nhan")],
        _CASE: of_staff(_CASE, DAK_KOI, DAK_PNE, DAK_TO_RE),
        "/phong/gia-han": [Look(OFFICER, "/phong/gia-han")],
        "/phong/vuong-mac": [Look(OFFICER, "/phong/vuong-mac?chon=1&chon=2")],
        "/phong/dot-xuat": [Look(OFFICER, "/phong/dot-xuat")],
        "/phong/duyet-gui": [Look(OFFICER, "/phong/duyet-gui"), Look(OFFICE_HEAD, "/phong/duyet-gui")],
        "/phong/tam-dung": [Look(OFFICER, "/phong/tam-dung")],
        "/phong/dau-moi": [Look(OFFICER, "/phong/dau-moi")],
        "/phong/de-cuong": [Look(OFFICER, "/phong/de-cuong")],
    }


def files(day: BusyDay) -> dict[str, Look]:
    """Return the routes that are no pages: what is downloaded, and what a supervisor or a browser asks for."""
    file = numbers(day.office, StoredFile)[0]
    number = day.task(DAK_RVE)
    return {
        "/don-vi/tep/{file_id}": Look(DAK_RVE, f"/don-vi/tep/{file}"),
        _TASK + "/bieu-mau.xlsx": Look(DAK_RVE, f"/don-vi/nhiem-vu/{number}/bieu-mau.xlsx"),
        _TASK + "/bao-cao.docx": Look(DAK_RVE, f"/don-vi/nhiem-vu/{number}/bao-cao.docx"),
        "/phong/tep/{file_id}": Look(OFFICER, f"/phong/tep/{file}"),
        _CASE + "/bao-cao.docx": Look(OFFICER, f"/phong/nhiem-vu/{number}/bao-cao.docx"),
    }


PLAIN = {"/suc-khoe": "text/plain", "/kieu.css": "text/css"}


@pytest.fixture(scope="module")
def day(office):
    day = BusyDay(office)
    day.prepare()
    return day


@pytest.fixture
def visit(browser, office, day):
    """Open a window in which somebody looks at something."""
    with browser.visitor(office, size=DESK) as viewer:

        def opened(look: Look, language: str = "vi") -> Viewer:
            viewer.context.clear_cookies()
            viewer.keep(LANGUAGE_COOKIE, language)
            if look.visitor != STRANGER:
                viewer.keep(*day.cookie(look.visitor))
            viewer.open(look.path)
            return viewer

        yield opened


def test_every_route_that_can_be_opened_is_looked_at(office, day):
    known = looks(day).keys() | files(day).keys() | PLAIN.keys()
    assert {path for method, path in routes(make_app(office.world)) if method == "GET"} == known


def wrong_with(visit, shown: Iterable[Look], language: str) -> list[str]:
    wrong = []
    for look in shown:
        viewer = visit(look, language)
        assert viewer.page.locator("html").get_attribute("lang") == language
        wrong += [
            f"{look.visitor or 'stranger'} {look.path} {fault}" for fault in viewer.examined(colours=language == "vi")
        ]
    return wrong


def test_nothing_is_wrong_with_any_page(visit, day):
    wrong = wrong_with(visit, chain.from_iterable(looks(day).values()), "vi")
    assert wrong == [], "\n".join(wrong)


def test_nothing_is_wrong_with_any_page_in_english(visit, day):
    wrong = wrong_with(visit, (states[0] for states in looks(day).values()), "en")
    assert wrong == [], "\n".join(wrong)


def test_looking_finds_what_is_wrong(visit):
    """A page that was spoilt: the way of looking is no blank cheque."""
    viewer = visit(Look(STRANGER, "/phong/dang-nhap"))
    viewer.page.evaluate("document.querySelector('label').remove()")
    viewer.page.evaluate("document.querySelector('main').style.width = '500px'")
    found = " ".join(viewer.examined())
    assert all(word in found for word in ("360 px", "390 px label", "1280 px label")), found


def test_files_are_downloads_and_nothing_else_is_left(visit, day):
    for path, kind in PLAIN.items():
        answer = visit(Look(STRANGER, "/phong/dang-nhap")).context.request.get(day.office.url + path)
        assert answer.headers["content-type"].startswith(kind)
    for look in files(day).values():
        answer = visit(Look(look.visitor, "/phong/dang-nhap")).context.request.get(day.office.url + look.path)
        assert (answer.status, answer.headers["content-type"]) == (200, "application/octet-stream")
        assert answer.headers["content-disposition"].startswith("attachment;")


def _unit_refused(viewer: Viewer) -> None:
    viewer.unfold("Đề nghị gia hạn")
    viewer.page.locator("#gia-han-until").fill("2024-12-31")
    viewer.page.locator("#gia-han-reason").fill("Đang rà soát số liệu")
    viewer.press("Gửi đề nghị gia hạn")
    viewer.sees("Gia hạn chậm nhất đến hết")


def _report_refused(viewer: Viewer) -> None:
    viewer.press("Gửi báo cáo")
    viewer.sees("chỗ cần xem lại")


def _arrival_refused(viewer: Viewer) -> None:
    viewer.page.locator("input[name^=dated-]").first.fill("2024-11-01")
    viewer.press("Ghi nhận văn bản đến")
    viewer.sees("Chưa ghi số, ký hiệu văn bản.")


def _not_our_form(viewer: Viewer) -> None:
    viewer.page.evaluate("document.querySelectorAll('[name=key]').forEach(one => one.value = 'x')")
    viewer.unfold("Nêu khó khăn, vướng mắc")
    viewer.page.locator("#vuong-mac-text").fill("Loa hỏng")
    viewer.press("Gửi khó khăn, vướng mắc")
    viewer.sees("Biểu mẫu không hợp lệ")


def _link_asked_for(viewer: Viewer) -> None:
    viewer.press("Gửi liên kết mới qua thư")
    viewer.sees("liên kết mới đã được gửi")


def _sign_in_asked_for(viewer: Viewer) -> None:
    viewer.page.get_by_label("Địa chỉ thư").fill("ai-do@konray.example")
    viewer.press("Gửi liên kết đăng nhập")
    viewer.sees("liên kết đăng nhập đã được gửi")


def _left(viewer: Viewer) -> None:
    viewer.press("Thoát")
    viewer.sees("Đã thoát")


#: Pages that only a form leads to.
REACHED: dict[str, tuple[Callable[[BusyDay], Look], Callable[[Viewer], None]]] = {
    "a form of a unit is refused": (
        lambda day: Look(DAK_TO_RE, f"/don-vi/nhiem-vu/{day.task(DAK_TO_RE)}"),
        _unit_refused,
    ),
    "a report is refused": (
        lambda day: Look(DAK_RUONG, f"/don-vi/nhiem-vu/{day.task(DAK_RUONG)}/bao-cao"),
        _report_refused,
    ),
    "a document is refused": (
        lambda day: Look(OFFICER, f"/phong/van-ban-den?bao-cao={day.task(DAK_TO_RE)}"),
        _arrival_refused,
    ),
    "a form is not ours": (lambda day: Look(DAK_TO_RE, f"/don-vi/nhiem-vu/{day.task(DAK_TO_RE)}"), _not_our_form),
    "a fresh link is on its way": (lambda day: Look(STRANGER, day.ended_link(DAK_KOI)), _link_asked_for),
    "a sign-in link is on its way": (lambda _: Look(STRANGER, "/phong/dang-nhap"), _sign_in_asked_for),
    "there is no such page": (lambda _: Look(DAK_KOI, "/don-vi/nhiem-vu/999999"), lambda viewer: viewer.sees("Không")),
    "a member of staff may not": (lambda _: Look(OFFICE_HEAD, "/phong/tam-dung"), lambda viewer: viewer.sees("quyền")),
    "a unit has left": (lambda _: Look(DAK_KOI, "/don-vi"), _left),
}


def test_nothing_is_wrong_with_pages_that_a_form_leads_to(visit, day):
    wrong = []
    for name, (look, act) in REACHED.items():
        viewer = visit(look(day))
        act(viewer)
        wrong += [f"{name}: {fault}" for fault in viewer.examined()]
    assert wrong == [], "\n".join(wrong)
