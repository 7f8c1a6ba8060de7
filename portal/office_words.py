"""What the office's pages call things: the navigation, what is confirmed, reminders and acts in words."""

from datetime import date

from models import OutgoingKind, OutgoingState
from notifications.naming import short_unit
from portal.words import SKIPS
from rules.vocabulary import Audience, ContactRole, MessageState, SkipReason

#: Path, name, and the right it needs (every page can be viewed by all staff but for those that are forms alone).
NAVIGATION = (
    ("/phong", "Tổng quan", "view"),
    ("/phong/bang", "Bảng theo dõi tiến độ", "view"),
    ("/phong/van-ban-den", "Ghi nhận văn bản đến", "receive"),
    ("/phong/cho-tiep-nhan", "Chờ tiếp nhận", "view"),
    ("/phong/gia-han", "Gia hạn", "view"),
    ("/phong/vuong-mac", "Khó khăn, vướng mắc", "view"),
    ("/phong/dot-xuat", "Nhiệm vụ đột xuất", "coordinate"),
    ("/phong/duyet-gui", "Duyệt gửi", "view"),
    ("/phong/tam-dung", "Tạm dừng gửi", "coordinate"),
    ("/phong/dau-moi", "Đầu mối", "view"),
    ("/phong/de-cuong", "Đề cương, biểu mẫu", "coordinate"),
    ("/phong/zalo", "Tin gửi nhóm Zalo", "view"),
)

#: What is confirmed on the screen after a form. The address names only which.
DONE = {
    "tiep-nhan": "Đã tiếp nhận. Đơn vị được thông báo qua thư.",
    "ghi-nhan": "Đã ghi nhận. Đơn vị được thông báo qua thư.",
    "tra-lai": "Đã đề nghị bổ sung. Đơn vị được thông báo qua thư, việc nhắc bắt đầu lại theo ngày mới.",
    "ngay-den": "Đã sửa ngày đến. Đơn vị được thông báo qua thư.",
    "cong-van": "Đã ghi nhận công văn đôn đốc. Tạm dừng nhắc nhiệm vụ này 05 ngày làm việc kể từ ngày công văn.",
    "van-ban": "Đã ghi nhận văn bản đến. Hệ thống dừng nhắc các đơn vị này.",
    "gia-han": "Đã chấp thuận gia hạn. Đơn vị được thông báo qua thư.",
    "khong-gia-han": "Đã ghi nhận: chưa chấp thuận gia hạn. Đơn vị được thông báo qua thư.",
    "tra-loi": "Đã ghi nhận trả lời. Đơn vị được thông báo qua thư.",
    "nhom": "Đã xếp nhóm.",
    "chuyen": "Đã lập văn bản chuyển cấp trên. Văn bản chỉ được gửi sau khi Lãnh đạo Phòng duyệt.",
    "dot-xuat": "Đã giao nhiệm vụ đột xuất. Thư thông báo gửi trong lượt gửi thư tiếp theo.",
    "duyet": "Đã duyệt gửi.",
    "khong-gui": "Đã ghi nhận: không gửi.",
    "bao-cao-len": "Đã lập dự thảo báo cáo. Báo cáo chỉ được gửi sau khi Lãnh đạo Phòng duyệt.",
    "dung": "Đã tạm dừng gửi.",
    "gui-lai": "Đã cho gửi lại. Lần nhắc mới nhất còn phải gửi sẽ gửi trong lượt gửi thư tiếp theo.",
    "thu-thu": "Đã lập thư thử gửi đến các đầu mối. Thư không gửi được sẽ hiển thị tại trang Tổng quan.",
    "lai-den": "Đã ghi nhận: địa chỉ này nhận được thư. Thư còn phải gửi sẽ gửi trong lượt gửi thư tiếp theo.",
    "thu-hoi": "Đã thu hồi mọi liên kết của đầu mối này. Thư tiếp theo có liên kết mới.",
    "tep": "Đã đính kèm tệp.",
    "bo-tep": "Đã bỏ tệp.",
}

CONTACT_ROLES = {
    ContactRole.CONTACT: "Cán bộ đầu mối",
    ContactRole.HEAD: "Lãnh đạo đơn vị",
    ContactRole.COLLEAGUE: "Cán bộ được chuyển nhiệm vụ",
}

OUTGOING = {
    OutgoingKind.OPENING: "Thông báo nhiệm vụ đầu năm",
    OutgoingKind.INVITATIONS: "Thư đề nghị phối hợp",
    OutgoingKind.UPWARD: "Văn bản báo cáo cấp trên",
}
OUTGOING_STATES = {
    OutgoingState.WAITING: "Chờ duyệt",
    OutgoingState.APPROVED: "Đã duyệt gửi",
    OutgoingState.DROPPED: "Không gửi",
}

MESSAGE_STATES = {
    MessageState.STORED: "chờ gửi",
    MessageState.SENDING: "đang gửi",
    MessageState.SENT: "đã gửi",
    MessageState.FAILED: "gửi không thành công",
    MessageState.BOUNCED: "đã gửi, bị trả lại",
    MessageState.VOID: "không gửi, đã thay bằng thư khác",
    MessageState.EXPIRED: "không gửi, đã hết thời gian",
}

_STARTS = {
    "opened": "Thông báo nhiệm vụ",
    "changed": "Thông báo thời hạn mới hoặc nội dung cần bổ sung",
    "invited": "Đề nghị phối hợp",
    "0": "Nhắc việc vào ngày đến hạn",
}
_BEFORE = "Nhắc việc trước thời hạn {days} ngày làm việc"
_AFTER = "Đôn đốc khi quá hạn {days} ngày làm việc"
_LISTED = "Báo cáo lãnh đạo khi quá hạn {days} ngày làm việc"
#: Sentences with a place for a number, for the catalogue.
RUNGS = (*_STARTS.values(), _BEFORE, _AFTER, _LISTED)


def rung(code: str, audience: Audience) -> tuple[str, int]:
    """Return the sentence that says why a mail was owed, and the working days that stand in its `{days}`."""
    if code in _STARTS:
        return _STARTS[code], 0
    days = int(code)
    if days < 0:
        return _BEFORE, -days
    to_office = audience in (Audience.OFFICER, Audience.OFFICE_HEAD)
    return (_LISTED if to_office else _AFTER), days


#: Details of an act that a reader understands; a day stands there as 2024-11-14.
DETAILS = {
    "number": "Số văn bản",
    "sent_on": "Ngày công văn",
    "comment": "Ý kiến",
    "until": "Đến hết ngày",
    "reason": "Lý do",
    "basis": "Căn cứ",
    "on": "Ngày dự kiến gửi",
    "before": "Ngày đến đã ghi trước đó",
    "arrived_on": "Ngày đến",
}


def brief(name: str) -> str:
    """Return a unit's name as the offices shorten it."""
    return short_unit(name)


def reason(code: str) -> str:
    """Return why a mail was not sent: one of our own reasons in words, or the mail server's answer as it came."""
    return SKIPS[SkipReason(code)] if code in set(SkipReason) else code


def as_day(text: object) -> date | None:
    """Return the day that a detail of an act holds; None for anything else."""
    if not isinstance(text, str) or len(text) != len("2024-11-14"):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def grouped(number: int) -> str:
    """Write a number as Vietnamese documents do: 12.500.000."""
    return f"{number:,}".replace(",", ".")


def kilobytes(size: int) -> str:
    return grouped(max(1, round(size / 1024)))
