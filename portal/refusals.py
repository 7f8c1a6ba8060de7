"""What a visitor reads when something is refused: one clear sentence that says what to do; never a traceback.

What was typed stands on the same page, so that nothing is lost by a refusal.
"""

import logging

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.responses import Response

from documents.refusals import UploadRefusedError
from documents.report_form import FormRefusedError
from models.faults import DatabaseUnavailableError
from notifications.dates import long_day
from portal.acting import FutureDateError, NoDateError
from portal.gate import (
    STAFF_COOKIE,
    UNIT_COOKIE,
    NotOurFormError,
    SignInNeededError,
    TooOftenError,
    Visit,
    cookie_of,
    stranger,
)
from portal.pages import page, said, see
from rules.access import NotAllowedError
from rules.lifecycle import ActRefusedError
from services.acts import NewerSubmissionError, PastDateError, UnknownAssignmentError, UnsaidError
from services.adhoc import NoOpenYearError
from services.answers import EmptyError
from services.approvals import DecidedAlreadyError
from services.difficulties import SeveralPlansError, UnknownDifficultyError
from services.extensions import AskedAlreadyError, NoDeadlineError, NotOursToExtendError, TooLateError
from services.files import FilesFolderError, NoSuchFileError, TooManyFilesError
from services.finding import UnknownClauseError, UnknownCycleError, UnknownPlanError
from services.holds import HoldError
from services.links import DeadLinkError
from services.notes import NoLinkMailError
from services.outreach import UnknownContactError
from services.people import OnlyContactsError, OtherDomainError, UnknownPersonError
from services.reporting import DraftTooLargeError
from services.upward import NoSuperiorContactError, NotOursError

_LOG = logging.getLogger("dondoc.portal")

_UNAVAILABLE = (
    "Hệ thống tạm thời không ghi được dữ liệu; việc vừa chọn chưa được ghi nhận. Đề nghị thử lại sau ít phút; nếu vẫn "
    "không được, báo quản trị viên."
)
_INCOMPLETE = "Còn ô bắt buộc chưa ghi. Đề nghị ghi đủ rồi gửi lại."
#: Status and sentence of each refusal. The sentences are translated like those of the templates (`_` marks them).
SENTENCES: dict[type[Exception], tuple[int, str]] = {
    DatabaseUnavailableError: (503, _UNAVAILABLE),
    FilesFolderError: (503, _UNAVAILABLE),
    ActRefusedError: (409, "Trạng thái của nhiệm vụ không còn cho phép việc vừa chọn. Đề nghị xem lại trang nhiệm vụ."),
    NewerSubmissionError: (409, "Đơn vị vừa gửi bản mới hơn bản đang xem. Đề nghị xem bản mới trước khi quyết định."),
    DecidedAlreadyError: (409, "Việc này đã có người quyết định trước đó; không thực hiện thêm gì."),
    AskedAlreadyError: (409, "Đơn vị đã có một đề nghị gia hạn đang chờ quyết định cho nhiệm vụ này."),
    OnlyContactsError: (
        409,
        "Chỉ cán bộ đầu mối hoặc lãnh đạo đơn vị cử người làm thay. Đề nghị đầu mối chuyển lại nhiệm vụ.",
    ),
    SeveralPlansError: (422, "Mỗi văn bản chỉ nêu khó khăn, vướng mắc của một kế hoạch. Đề nghị chọn lại."),
    NotOursToExtendError: (409, "Báo cáo này gửi cơ quan khác; việc gia hạn do cơ quan nhận báo cáo quyết định."),
    NoDeadlineError: (409, "Nhiệm vụ chưa ấn định thời hạn nên không gia hạn được."),
    UnknownAssignmentError: (404, "Không có nhiệm vụ này, hoặc nhiệm vụ không thuộc đơn vị đang xem."),
    NoSuchFileError: (404, "Không có tệp này."),
    UnknownClauseError: (404, "Không có nội dung công việc này, hoặc nội dung không giao cho đơn vị đang xem."),
    UnknownPersonError: (404, "Không có người này trong danh sách do đơn vị cử, hoặc đã kết thúc trước đó."),
    NoOpenYearError: (409, "Kế hoạch hiện không có năm thực hiện nào đang mở."),
    UnknownDifficultyError: (404, "Không có khó khăn, vướng mắc này."),
    UnknownContactError: (404, "Không có đầu mối này trong các đơn vị do Phòng theo dõi."),
    UnknownPlanError: (404, "Không có Kế hoạch này, hoặc Phòng không theo dõi Kế hoạch này."),
    UnknownCycleError: (404, "Kế hoạch không có năm thực hiện này."),
    NotOursError: (404, "Không có nội dung này, hoặc không do Phòng theo dõi."),
    HoldError: (409, "Đơn vị này đã tạm dừng gửi, hoặc đã cho gửi lại trước đó. Đề nghị xem lại trang."),
    NoSuperiorContactError: (409, "Cấp trên chưa có địa chỉ thư, hoặc chưa có hộp thư gửi. Văn bản vẫn chờ duyệt."),
    NoDateError: (422, "Ngày đã nhập không có thật. Đề nghị ghi ngày/tháng/năm, ví dụ 14/11/2024."),
    FutureDateError: (422, "Ngày văn bản sau ngày hiện tại. Đề nghị kiểm tra lại ngày, tháng, năm."),
    PastDateError: (422, "Ngày đã nhập đã qua, hoặc không sau thời hạn hiện tại. Đề nghị chọn ngày khác."),
    UnsaidError: (422, _INCOMPLETE),
    EmptyError: (422, _INCOMPLETE),
    OtherDomainError: (422, "Địa chỉ thư phải cùng tên miền với hộp thư của đơn vị, và phải có chức danh."),
    TooManyFilesError: (422, "Đã đủ 20 tệp. Đề nghị bỏ bớt tệp không cần thiết rồi gửi lại."),
    DraftTooLargeError: (422, "Nội dung dài hơn mức một báo cáo có thể chứa. Đề nghị rút gọn, hoặc gửi kèm bằng tệp."),
    NotOurFormError: (403, "Biểu mẫu không hợp lệ hoặc trang đã mở quá lâu. Đề nghị mở lại trang rồi gửi lại."),
    NotAllowedError: (403, "Tài khoản này không có quyền thực hiện việc vừa chọn."),
    TooOftenError: (429, "Thao tác quá nhiều lần trong thời gian ngắn. Đề nghị chờ ít phút rồi thử lại."),
    NoLinkMailError: (503, "Chưa gửi được thư vì hệ thống chưa cấu hình hộp thư gửi. Đề nghị báo quản trị viên."),
}  # fmt: skip
_NOT_FOUND, _UNPROCESSABLE, _WRONG, _GONE = 404, 422, 500, 410
_NO_PAGE = "Không có trang này."
_BAD_INPUT = "Yêu cầu không hợp lệ. Đề nghị quay lại trang trước và thử lại."
_FAULT = (
    "Hệ thống gặp lỗi, việc vừa chọn chưa được thực hiện. Đề nghị thử lại sau ít phút; nếu vẫn lỗi, báo quản trị viên."
)
_SESSION_ENDED = "Phiên đăng nhập đã kết thúc, việc vừa chọn chưa được thực hiện. Đề nghị đăng nhập lại."
_TOO_LATE = "Gia hạn chậm nhất đến hết {day}, để kịp thời hạn tổng hợp, báo cáo của Phòng."


async def refuse(request: Request, refusal: Exception) -> Response:
    """Answer any refusal or fault with a page."""
    visit = stranger(request)
    if isinstance(refusal, DeadLinkError):
        return dead_link(visit, refusal, typed=await _typed(request))
    if isinstance(refusal, SignInNeededError):
        return _sign_in(visit, await _typed(request))
    status, text = refusal_words(visit, refusal)
    if isinstance(refusal, DatabaseUnavailableError | FilesFolderError):
        _LOG.error("a page could not be served: %s", refusal, extra={"action": "page"})
    if status == _WRONG:
        _LOG.error("fault on a page: %s", type(refusal).__name__, exc_info=_without_values(refusal))
    return page(
        visit,
        "refused.html",
        status=status,
        text=text,
        back=_back(request),
        typed=await _typed(request) if status != 404 else {},  # noqa: PLR2004 - nothing was typed at a page that is not
    )


def _sign_in(visit: Visit, typed: dict[str, str]) -> Response:
    """Ask to sign in; what was typed while the session ended stands on the page, so that it can be copied."""
    sign_in = "/phong/dang-nhap"
    if not typed:
        return see(sign_in)
    return page(visit, "refused.html", status=403, text=said(visit, _SESSION_ENDED), back=sign_in, typed=typed)


def dead_link(
    visit: Visit, dead: DeadLinkError, *, saved: bool = False, typed: dict[str, str] | None = None
) -> Response:
    """Say that a link has ended; one that once was good offers a fresh one, by mail to its own address only.

    `saved`: what was typed has been kept as a draft all the same; `typed` is shown where it could not be.
    """
    request = visit.request
    secret = request.path_params.get("secret") or cookie_of(request, UNIT_COOKIE)
    offered = secret if dead.contact is not None else ""
    return page(
        visit,
        "dead_link.html",
        status=_GONE,
        end=dead.end,
        secret=offered,
        once=visit.new_once(),
        saved=saved,
        typed=typed or {},
    )


def refusal_words(visit: Visit, refusal: Exception) -> tuple[int, str]:
    """Return the status and the sentence of a refusal, in the visitor's language."""
    if isinstance(refusal, TooLateError):
        return _UNPROCESSABLE, said(visit, _TOO_LATE).format(day=long_day(refusal.latest, visit.language))
    if isinstance(refusal, UploadRefusedError | FormRefusedError):
        return _UNPROCESSABLE, said(visit, str(refusal))
    if isinstance(refusal, RequestValidationError):
        return _UNPROCESSABLE, said(visit, _BAD_INPUT)
    if isinstance(refusal, HTTPException):
        text = _NO_PAGE if refusal.status_code == _NOT_FOUND else _BAD_INPUT
        return refusal.status_code, said(visit, text)
    for kind in type(refusal).__mro__:
        if kind in SENTENCES:
            status, text = SENTENCES[kind]
            return status, said(visit, text)
    return _WRONG, said(visit, _FAULT)


async def _typed(request: Request) -> dict[str, str]:
    """Return what the refused form held, so that it can be copied; the form was read before it was refused."""
    form = getattr(request, "_form", None)
    if not isinstance(form, FormData):
        return {}
    return {name: text for name, text in form.items() if isinstance(text, str) and text and name not in _HIDDEN}


#: Guards of the form, and what was chosen from a list: nothing of it was typed.
_HIDDEN = (
    "key", "once", "secret", "seen", "action", "chon", "report", "page", "plan", "duty", "ground", "unit", "group",
)  # fmt: skip


def _back(request: Request) -> str:
    """Return where to go on: only ever a page of ours."""
    if request.url.path.startswith("/phong"):
        return "/phong"
    return "/don-vi" if cookie_of(request, UNIT_COOKIE) else "/phong" if cookie_of(request, STAFF_COOKIE) else ""


def _without_values(fault: Exception) -> Exception:
    """A database's own error repeats the statement's values, which can be personal: keep only where it happened."""
    kept = RuntimeError(f"{type(fault).__name__} (message left out)")
    return kept.with_traceback(fault.__traceback__)
