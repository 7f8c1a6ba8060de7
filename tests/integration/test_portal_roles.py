"""Every page and form of the portal, tried by every kind of visitor: who gets in, and that nothing else happens."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from secrets import token_urlsafe

import pytest

from models import Outgoing, OutgoingKind
from models.database import writing
from portal.app import make_app
from portal.gate import STAFF_COOKIE, UNIT_COOKIE, Visit
from services.files import keep_file
from tests.integration.cast import DAK_KOI, DAK_PNE, TAN_LAP, everything, number_of
from tests.integration.office_cast import APPROVER, ONLY_COORDINATOR, PDF, REPORT_FIELDS, REVIEWER, VIEWER, OfficeDesk
from tests.integration.portal_cast import ORIGIN, Browser, named, routes

VISITORS = ("stranger", "unit", "other unit", "viewer", "reviewer", "coordinator", "approver")


class Answer(StrEnum):
    """What becomes of a visitor. IN also covers a form that is taken but cannot be done as it is (409, 422)."""

    IN = "in"
    SIGN_IN = "sign in"
    NO_LINK = "410"
    FORBIDDEN = "403"
    NOTHING = "404"


IN, SIGN_IN, NO_LINK, FORBIDDEN, NOTHING = Answer
_OPEN = (IN,) * 7
# A page of a unit: staff have no link; what is another unit's does not exist.
_UNIT = (NO_LINK, IN, IN, NO_LINK, NO_LINK, NO_LINK, NO_LINK)
_OWN = (NO_LINK, IN, NOTHING, NO_LINK, NO_LINK, NO_LINK, NO_LINK)
# A form of a unit: whoever has no link cannot have its key.
_UNIT_FORM = (FORBIDDEN, IN, IN, *(FORBIDDEN,) * 4)
_OWN_FORM = (FORBIDDEN, IN, NOTHING, *(FORBIDDEN,) * 4)
# A page and a form of the office, by the right they need.
_VIEW = (SIGN_IN, SIGN_IN, SIGN_IN, IN, IN, IN, IN)
_RECEIVE = (SIGN_IN, SIGN_IN, SIGN_IN, FORBIDDEN, IN, IN, FORBIDDEN)
_COORDINATE = (SIGN_IN, SIGN_IN, SIGN_IN, FORBIDDEN, FORBIDDEN, IN, FORBIDDEN)
_STAFF_FORM = (FORBIDDEN, FORBIDDEN, FORBIDDEN, IN, IN, IN, IN)
_RECEIVE_FORM = (FORBIDDEN, FORBIDDEN, FORBIDDEN, FORBIDDEN, IN, IN, FORBIDDEN)
_REVIEW_FORM = (FORBIDDEN, FORBIDDEN, FORBIDDEN, FORBIDDEN, IN, FORBIDDEN, FORBIDDEN)
_COORDINATE_FORM = (FORBIDDEN, FORBIDDEN, FORBIDDEN, FORBIDDEN, FORBIDDEN, IN, FORBIDDEN)
_APPROVE_FORM = (FORBIDDEN, FORBIDDEN, FORBIDDEN, FORBIDDEN, FORBIDDEN, FORBIDDEN, IN)

_TASK, _CASE = "/don-vi/nhiem-vu/{identifier}", "/phong/nhiem-vu/{identifier}"
_ANY_LINK = (NO_LINK,) * 7

#: Every route in the order in which it is tried; signing out comes last.
TABLE: dict[tuple[str, str], tuple[Answer, ...]] = {
    ("GET", "/suc-khoe"): _OPEN,
    ("GET", "/kieu.css"): _OPEN,
    ("GET", "/"): _OPEN,
    ("GET", "/l/{secret}"): _ANY_LINK,  # a secret that was never given out
    ("POST", "/lien-ket-moi"): _OPEN,
    ("GET", "/phong/dang-nhap"): _OPEN,
    ("POST", "/phong/dang-nhap"): _OPEN,
    ("GET", "/phong/vao/{secret}"): _ANY_LINK,
    ("POST", "/phong/vao"): _ANY_LINK,
    ("POST", "/ngon-ngu"): _OPEN,
    ("GET", "/don-vi"): _UNIT,
    ("GET", "/don-vi/vuong-mac"): _UNIT,
    ("GET", "/don-vi/phat-sinh"): _UNIT,
    ("GET", "/don-vi/nguoi-lam-thay"): _UNIT,
    ("GET", _TASK): _OWN,
    ("GET", _TASK + "/bao-cao"): _OWN,
    ("GET", _TASK + "/bieu-mau.xlsx"): _OWN,
    ("GET", _TASK + "/bao-cao.docx"): _OWN,
    ("GET", "/don-vi/tep/{file_id}"): _UNIT,  # an outline of a duty that both units have
    ("GET", "/phong"): _VIEW,
    ("GET", "/phong/bang"): _VIEW,
    ("GET", "/phong/zalo"): _VIEW,
    ("GET", "/phong/van-ban-den"): _RECEIVE,
    ("GET", "/phong/cho-tiep-nhan"): _VIEW,
    ("GET", _CASE): _VIEW,
    ("GET", _CASE + "/bao-cao.docx"): _VIEW,
    ("GET", "/phong/tep/{file_id}"): _VIEW,
    ("GET", "/phong/gia-han"): _VIEW,
    ("GET", "/phong/vuong-mac"): _VIEW,
    ("GET", "/phong/dot-xuat"): _COORDINATE,
    ("GET", "/phong/duyet-gui"): _VIEW,
    ("GET", "/phong/tam-dung"): _COORDINATE,
    ("GET", "/phong/dau-moi"): _VIEW,
    ("GET", "/phong/de-cuong"): _COORDINATE,
    ("POST", "/don-vi/xac-nhan"): _UNIT_FORM,
    ("POST", "/don-vi/vuong-mac"): _UNIT_FORM,
    ("POST", "/don-vi/phat-sinh"): _UNIT_FORM,
    ("POST", "/don-vi/nguoi-lam-thay"): _UNIT_FORM,
    ("POST", "/don-vi/nguoi-lam-thay/{contact_id}/thoi"): (FORBIDDEN, NOTHING, NOTHING, *(FORBIDDEN,) * 4),
    ("POST", _TASK + "/du-kien"): _OWN_FORM,
    ("POST", _TASK + "/gia-han"): _OWN_FORM,
    ("POST", _TASK + "/vuong-mac"): _OWN_FORM,
    ("POST", _TASK + "/tep"): _OWN_FORM,
    ("POST", _TASK + "/tep/{file_id}/bo"): (FORBIDDEN, NOTHING, NOTHING, *(FORBIDDEN,) * 4),  # no file of a report
    ("POST", _TASK + "/bao-cao"): _OWN_FORM,
    ("POST", _TASK + "/bieu-mau"): _OWN_FORM,
    ("POST", _TASK + "/chuyen"): _OWN_FORM,
    ("POST", _TASK + "/van-ban"): _OWN_FORM,
    ("POST", "/phong/van-ban-den"): _RECEIVE_FORM,
    ("POST", _CASE + "/ngay-den"): _REVIEW_FORM,
    ("POST", _CASE + "/tra-lai"): _REVIEW_FORM,
    ("POST", _CASE + "/tiep-nhan"): _REVIEW_FORM,
    ("POST", _CASE + "/ghi-nhan"): _REVIEW_FORM,
    ("POST", _CASE + "/cong-van"): _COORDINATE_FORM,
    ("POST", "/phong/gia-han/{request_id}"): _COORDINATE_FORM,
    ("POST", "/phong/vuong-mac/{difficulty_id}"): _COORDINATE_FORM,
    ("POST", "/phong/vuong-mac/chuyen"): _COORDINATE_FORM,
    ("POST", "/phong/dot-xuat"): _COORDINATE_FORM,
    ("POST", "/phong/bao-cao-len"): _COORDINATE_FORM,
    ("POST", "/phong/duyet-gui/{outgoing_id}"): _APPROVE_FORM,
    ("POST", "/phong/tam-dung"): _COORDINATE_FORM,
    ("POST", "/phong/dau-moi/thu-thu"): _COORDINATE_FORM,
    ("POST", "/phong/dau-moi/{contact_id}/thu-hoi"): _COORDINATE_FORM,
    ("POST", "/phong/dau-moi/{contact_id}/gui-lai"): _COORDINATE_FORM,
    ("POST", "/phong/de-cuong"): _COORDINATE_FORM,
    ("POST", "/phong/de-cuong/{file_id}/bo"): _COORDINATE_FORM,
    ("POST", "/don-vi/thoat"): _UNIT_FORM,
    ("POST", "/phong/thoat"): _STAFF_FORM,
}

#: What each form holds, so that whoever may do it does it.
FORMS: dict[str, dict[str, str]] = {
    "/lien-ket-moi": {"secret": "x" * 43},
    "/phong/dang-nhap": {"address": "nobody@konray.example"},
    "/phong/vao": {"secret": "x" * 43},
    "/ngon-ngu": {"language": "vi", "back": "phong"},
    "/don-vi/vuong-mac": {"plan": "1", "text": "Thiếu kinh phí"},
    "/don-vi/nguoi-lam-thay": {
        "address": "thay@konray.example", "title": "Công chức", "first": "2024-10-25", "last": "2024-10-28",
    },
    _TASK + "/du-kien": {"on": "2024-10-30", "reason": "Đang ký"},
    _TASK + "/gia-han": {"until": "2024-11-05", "reason": "Đang rà soát"},
    _TASK + "/vuong-mac": {"text": "Loa hỏng"},
    _TASK + "/bao-cao": {**REPORT_FIELDS, "action": "save"},
    _TASK + "/tep": REPORT_FIELDS,
    _TASK + "/tep/{file_id}/bo": {},
    _TASK + "/chuyen": {"address": "dong-nghiep@konray.example", "title": "Công chức"},
    _TASK + "/van-ban": {"number": "46/BC-UBND", "dated": "2024-10-23"},
    _CASE + "/ngay-den": {"arrived_on": "2024-10-23", "reason": "Văn thư nhận trước đó"},
    _CASE + "/tra-lai": {"comment": "Bổ sung", "again_by": "2024-10-30", "seen": "1"},
    _CASE + "/tiep-nhan": {"seen": "1"},
    _CASE + "/ghi-nhan": {"seen": "1"},
    _CASE + "/cong-van": {"number": "30/LĐTBXH", "dated": "2024-10-24"},
    "/phong/gia-han/{request_id}": {"action": "grant"},
    "/phong/vuong-mac/{difficulty_id}": {"answer": "Sẽ sửa"},
    "/phong/vuong-mac/chuyen": {"chon": "1", "subject": "Khó khăn", "body": "Kính gửi"},
    "/phong/dot-xuat": {
        "ground": "1:V.4-1.b", "title": "Cuộc thi", "basis": "Công văn số 12", "latest": "2024-11-08", "unit": TAN_LAP,
    },
    "/phong/bao-cao-len": {"plan": "1", "subject": "Báo cáo", "body": "Kính gửi"},
    "/phong/duyet-gui/{outgoing_id}": {"action": "approve"},
    "/phong/tam-dung": {"action": "hold", "unit": TAN_LAP, "reason": "Bão lũ"},
    "/phong/de-cuong": {"duty": "1:V.4-3.a"},
}  # fmt: skip


@dataclass
class Scene:
    """A day at which something waits for everybody."""

    desk: OfficeDesk
    places: dict[str, int] = field(default_factory=dict)

    def path(self, route: str) -> str:
        office = route.startswith("/phong")
        identifier = self.places["handed in" if office else "open"]
        return route.format(
            secret="x" * 43, identifier=identifier, contact_id=self.places["contact"], file_id=1, request_id=1,
            difficulty_id=1, outgoing_id=1,
        )  # fmt: skip

    def browser(self, visitor: str) -> Browser:
        match visitor:
            case "stranger":
                return self.desk.stranger()
            case "unit":
                return self.desk.browser(DAK_PNE)
            case "other unit":
                return self.desk.browser(TAN_LAP)
        address = {
            "viewer": VIEWER, "reviewer": REVIEWER, "coordinator": ONLY_COORDINATOR, "approver": APPROVER,
        }[visitor]  # fmt: skip
        return self.desk.staff(address)


@pytest.fixture
def scene(sqlite, tmp_path):
    desk = OfficeDesk.opened(sqlite, tmp_path)
    # Wrong secrets are counted; here every visitor tries some.
    object.__setattr__(desk.world, "rates", type(desk.world.rates)(scale=100))
    desk.handed_in(DAK_KOI)
    desk.asked_for_time(DAK_PNE, date(2024, 11, 5))
    desk.difficulty(DAK_KOI, "Loa hỏng")
    with writing(sqlite) as session:
        now = desk.world.now()
        session.add(
            Outgoing(
                kind=OutgoingKind.UPWARD, plan_id=1, unit_id=1, subject="Thử", body="Thử", made_at=now, actor="staff:1"
            )
        )
        keep_file(
            session, tmp_path, content=PDF, name="de-cuong.pdf", actor="staff:1", now=now, plan_id=1,
            duty_key="V.4-3.a",
        )  # fmt: skip
    found = Scene(desk)
    found.places = {
        "handed in": number_of(sqlite, DAK_KOI),
        "open": number_of(sqlite, DAK_PNE),
        "contact": desk.contact(DAK_KOI).id,
    }
    return found


def test_every_route_is_in_the_table(scene):
    assert sorted(routes(make_app(scene.desk.world))) == sorted(TABLE)


@pytest.mark.parametrize("place", range(len(VISITORS)), ids=VISITORS)
def test_each_visitor_gets_exactly_where_he_may(scene, place):
    browser = scene.browser(VISITORS[place])
    wrong = {}
    for (method, route), expected in TABLE.items():
        before = everything(scene.desk.engine)
        answer = attempt(scene, browser, method, route)
        got = _answer(answer)
        if got != expected[place]:
            wrong[method, route] = (got, answer.status_code)
        if method == "GET" or expected[place] is not IN:
            assert everything(scene.desk.engine) == before, f"{method} {route} changed something"
    assert wrong == {}


def test_whoever_may_do_it_really_does_it(scene):
    """The forms above are whole: what the table calls "in" is mostly done, not merely refused politely."""
    undone = []
    for visitor in ("unit", "reviewer", "coordinator", "approver"):
        browser, place = scene.browser(visitor), VISITORS.index(visitor)
        for (method, route), expected in TABLE.items():
            if method == "POST" and expected[place] is IN and "{" in route:
                answer = attempt(scene, browser, method, route)
                if answer.status_code != 303:
                    undone.append((visitor, route, answer.status_code))
    # Each of these needs a state that an earlier form of the walk has just ended, or a file.
    assert undone == [
        ("unit", _TASK + "/gia-han", 409),  # already asked
        ("unit", _TASK + "/tep", 422),  # no file
        ("unit", _TASK + "/bieu-mau", 422),  # no file
        ("reviewer", _CASE + "/tiep-nhan", 409),  # returned a moment ago
        ("reviewer", _CASE + "/ghi-nhan", 409),
        ("coordinator", "/phong/gia-han/{request_id}", 409),  # the report came by document meanwhile
    ]


def attempt(scene: Scene, browser: Browser, method: str, route: str, **typed: str):
    """Open the page or send its form, with what this visitor's own pages would carry."""
    path = scene.path(route)
    if method == "GET":
        return browser.client.get(path, follow_redirects=False)
    data = {"key": _key(scene, browser, route), "once": token_urlsafe(16), **FORMS.get(route, {}), **typed}
    return browser.client.post(path, data=data, headers={"Origin": ORIGIN}, follow_redirects=False)


def _key(scene: Scene, browser: Browser, route: str) -> str:
    """Return the key that this visitor's own pages carry; a stranger has none."""
    cookie = STAFF_COOKIE if route.startswith("/phong") else UNIT_COOKIE
    secret = browser.client.cookies.get(named(browser, cookie), "")
    visit = Visit(world=scene.desk.world, request=None, now=scene.desk.world.now(), language="vi", secret=secret)
    return visit.form_key


def _answer(answer) -> Answer | int:
    if answer.status_code == 303 and answer.headers["location"] == "/phong/dang-nhap":
        return IN if answer.request.url.path == "/phong/thoat" else SIGN_IN
    if answer.status_code in (200, 303, 409, 422):
        return IN
    return Answer(str(answer.status_code)) if str(answer.status_code) in set(Answer) else answer.status_code
