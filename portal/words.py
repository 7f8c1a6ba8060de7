"""How states, acts and fields are called on the screens: Vietnamese here, English in the catalogue."""

import re

from documents import words as document_words
from rules.reports import Narrative
from rules.vocabulary import AssignmentState, Audience, Deliverable, Nature, NoticeState, SkipReason

STATES = {
    AssignmentState.OPEN: "Chưa gửi",
    AssignmentState.SUBMITTED: "Đã gửi, chờ tiếp nhận",
    AssignmentState.RETURNED: "Đề nghị bổ sung",
    AssignmentState.ACCEPTED: "Đã tiếp nhận",
    AssignmentState.NOTED: "Đã ghi nhận",
}

NATURES = {
    Nature.PERIODIC: "Định kỳ",
    Nature.ONCE: "Một lần",
    Nature.CONTINUOUS: "Thường xuyên",
    Nature.ON_EVENT: "Khi phát sinh",
}

#: What is said of something that did not come in time, by what it is.
NOT_ARRIVED = {
    Deliverable.REPORT: "chưa nhận được báo cáo",
    Deliverable.PLAN: "chưa nhận được kế hoạch",
    Deliverable.PROPOSAL: "chưa nhận được đề xuất",
    Deliverable.NONE: "chưa nhận được kết quả",
}

#: The button that leads to handing in, and what has been handed in.
HAND_IN = {
    Deliverable.REPORT: "Gửi báo cáo",
    Deliverable.PLAN: "Gửi kế hoạch",
    Deliverable.PROPOSAL: "Gửi đề xuất",
    Deliverable.NONE: "Gửi kết quả",
}
HANDED_IN = {
    Deliverable.REPORT: "Báo cáo đã gửi",
    Deliverable.PLAN: "Kế hoạch đã gửi",
    Deliverable.PROPOSAL: "Đề xuất đã gửi",
    Deliverable.NONE: "Kết quả đã gửi",
}

#: To whom a reminder goes.
AUDIENCES = {
    Audience.CONTACT: "cán bộ đầu mối",
    Audience.HEAD: "lãnh đạo đơn vị",
    Audience.OFFICER: "công chức theo dõi, tổng hợp",
    Audience.OFFICE_HEAD: "Lãnh đạo Phòng",
}

OUTCOMES = {
    NoticeState.OWED: "Chờ gửi",
    NoticeState.SENT: "Đã gửi",
    NoticeState.SUPERSEDED: "Được thay bằng lần nhắc sau",
    NoticeState.SKIPPED: "Không gửi",
    NoticeState.FAILED: "Gửi không thành công",
    NoticeState.BOUNCED: "Thư bị trả lại",
}

SKIPS = {
    SkipReason.OWN_REPORT: "báo cáo của chính cơ quan theo dõi",
    SkipReason.UNIT_ENDED: "đơn vị đã kết thúc hoạt động",
    SkipReason.NO_CONTACT: "chưa có địa chỉ thư",
    SkipReason.NO_OFFICE: "chưa có cơ quan theo dõi",
    SkipReason.HANDED_IN: "đã nhận văn bản",
    SkipReason.DEADLINE_CHANGED: "thời hạn đã thay đổi",
    SkipReason.CYCLE_CLOSED: "năm thực hiện đã kết thúc",
    SkipReason.CLAUSE_RETIRED: "nhiệm vụ đã được thay thế",
    SkipReason.ACKNOWLEDGED: "đơn vị đã xác nhận",
    SkipReason.NOT_APPROVED: "chưa được duyệt gửi",
}

#: The journal's acts on an assignment.
ACTS = {
    "acknowledged": "Xác nhận đã nhận",
    "submit": "Gửi báo cáo tại trang của đơn vị",
    "receive": "Ghi nhận văn bản đến",
    "accept": "Tiếp nhận",
    "note": "Ghi nhận",
    "return": "Đề nghị bổ sung",
    "extend": "Chấp thuận gia hạn",
    "asked for time": "Đề nghị gia hạn",
    "refused time": "Chưa chấp thuận gia hạn",
    "expected": "Cho biết ngày dự kiến gửi",
    "passed on": "Chuyển cho cán bộ khác của đơn vị",
    "letter": "Gửi công văn đôn đốc",
    "arrival corrected": "Sửa ngày đến",
    "bounced": "Thư bị trả lại, không tính là một lần nhắc",
    "failed": "Máy chủ thư báo không có hộp thư này, không tính là một lần nhắc",
}
_OTHER_ACT = "Cập nhật nhiệm vụ"


def act_name(action: str) -> str:
    return ACTS.get(action, _OTHER_ACT)


#: What is confirmed on the screen after a form. The address names only which.
DONE = {
    "xac-nhan": "Đã ghi nhận: đơn vị xác nhận đã nhận nhiệm vụ.",
    "luu": "Đã lưu bản nháp. Báo cáo chưa được gửi.",
    "bat-dau": "Đã lấy nội dung báo cáo kỳ trước vào bản nháp. Đề nghị sửa lại cho đúng kỳ này.",
    "bieu-mau": "Đã đọc biểu Excel vào bản nháp. Đề nghị kiểm tra lại, rồi gửi báo cáo.",
    "tep": "Đã đính kèm tệp và lưu bản nháp.",
    "bo-tep": "Đã bỏ tệp và lưu bản nháp.",
    "bao-cao": "Đã gửi. Đơn vị không phải thực hiện thêm việc gì cho đến khi có phản hồi.",
    "van-ban": "Đã ghi nhận số, ngày văn bản. Hệ thống dừng nhắc việc đối với nhiệm vụ này.",
    "gia-han": "Đã gửi đề nghị gia hạn. Thời hạn hiện tại vẫn giữ nguyên cho đến khi có quyết định.",
    "du-kien": "Đã ghi nhận ngày dự kiến gửi; trước ngày đó không nhắc cán bộ đầu mối. Thời hạn không thay đổi.",
    "vuong-mac": "Đã gửi khó khăn, vướng mắc. Trả lời sẽ hiển thị tại trang này và gửi qua thư.",
    "chuyen": "Đã chuyển nhiệm vụ. Từ nay thư về nhiệm vụ này gửi đến cán bộ được chuyển.",
    "phat-sinh": "Đã ghi nhận hoạt động phát sinh. Đề nghị ghi nội dung báo cáo dưới đây; không có thời hạn.",
    "lam-thay": "Đã ghi nhận người làm thay. Trong thời gian đã ghi, thư nhắc việc gửi đến người làm thay.",
    "thoi": "Đã kết thúc. Thư nhắc việc lại gửi đến cán bộ đầu mối của đơn vị.",
}


def field_name(name: str) -> str:
    """Return how a form's field is called; one that has no name of its own goes as it is."""
    row = _ACTIVITY.fullmatch(name)
    if row is not None and row[2] in document_words.ACTIVITY_COLUMNS:
        return f"Hoạt động {int(row[1]) + 1}: {document_words.ACTIVITY_COLUMNS[row[2]]}"
    return FIELDS.get(name, name)


_ACTIVITY = re.compile(r"activities-(\d{1,4})-([a-z]+)")
FIELDS = {
    "reason": "Lý do",
    "text": "Nội dung",
    "proposal": "Kiến nghị, đề xuất",
    "number": "Số, ký hiệu văn bản",
    "dated": "Ngày văn bản",
    "address": "Địa chỉ thư",
    "title": "Chức danh",
    "until": "Đề nghị gia hạn đến hết ngày",
    "on": "Ngày dự kiến gửi",
    "first": "Từ ngày",
    "last": "Đến hết ngày",
    "what": "Tên hoạt động, nội dung phát sinh",
    "reporter": "Người gửi (họ và tên)",
    "position": "Chức vụ",
    "comment": "Ý kiến",
    "again_by": "Đề nghị gửi lại chậm nhất hết ngày",
    "arrived_on": "Ngày đến",
    "answer": "Trả lời",
    "theme": "Nhóm vấn đề",
    "subject": "Trích yếu",
    "body": "Nội dung",
    "nested_in": document_words.NESTED_IN,
    **{str(section): document_words.NARRATIVES[section] for section in Narrative},
    **{
        f"money-{source}-{name}": column
        for source in document_words.MONEY_SOURCES
        for name, column in document_words.MONEY_COLUMNS.items()
    },
}
