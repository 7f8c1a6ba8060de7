"""What are the parts of a report called? The same words on paper, on screen and in the form; faults too."""

from rules.reports import MOST_ACTIVITIES, ActivityForm, Fault, FaultKind, MoneySource, Narrative

#: The forms of TT 06/2022/TT-BTTTT, Đ.15, short enough for a list on a phone.
ACTIVITY_FORMS = {
    ActivityForm.PRESS: "Báo chí, xuất bản phẩm",
    ActivityForm.PRODUCT: "Sản phẩm sân khấu, truyền thông (tờ rơi, sổ tay, video, phát thanh)",
    ActivityForm.MEETING: "Sinh hoạt cộng đồng, thông tin lưu động (ưu tiên đài truyền thanh xã)",
    ActivityForm.TALK: "Nói chuyện, đối thoại với hộ nghèo",
    ActivityForm.EMULATION: "Phong trào thi đua",
    ActivityForm.CONTEST: "Cuộc thi",
    ActivityForm.OTHER: "Hình thức khác",
}

NARRATIVES = {
    Narrative.LEADERSHIP: "Công tác chỉ đạo, điều hành",
    Narrative.RESULTS: "Kết quả thực hiện",
    Narrative.STRENGTHS: "Mặt tích cực",
    Narrative.LIMITS: "Tồn tại, hạn chế và nguyên nhân",
    Narrative.NEXT_STEPS: "Phương hướng, nhiệm vụ thời gian tới",
    Narrative.DIFFICULTIES: "Khó khăn, vướng mắc",
    Narrative.PROPOSALS: "Kiến nghị, đề xuất",
}

#: The plan's Section IV: the programme's own money, and everything else that is lawful.
MONEY_SOURCES = {
    MoneySource.SUBPROJECT: "Tiểu dự án 2, Dự án 6 (ngân sách trung ương, ngân sách địa phương)",
    MoneySource.OTHER: "Các nguồn kinh phí hợp pháp khác",
}

#: In the order of the fields of an activity. The number of poor attendees is a part of all attendees.
ACTIVITY_COLUMNS = {
    "form": "Hình thức",
    "day": "Ngày tổ chức",
    "place": "Địa điểm (thôn, làng)",
    "topic": "Nội dung",
    "sessions": "Số buổi",
    "attendees": "Số người dự",
    "poor": "Trong đó: hộ nghèo, hộ cận nghèo",
    "articles": "Số tin, bài",
    "cost": "Kinh phí (đồng)",
    "evidence": "Tài liệu minh chứng",
}

MONEY_COLUMNS = {"planned": "Kinh phí được giao (đồng)", "spent": "Kinh phí đã thực hiện (đồng)"}

NESTED_IN = "Lồng ghép trong báo cáo (số, ngày; nếu có)"

#: What is wrong, and how it is mended. `{value}` is what was typed.
FAULTS = {
    FaultKind.MISSING: "Chưa có nội dung; đề nghị bổ sung.",
    FaultKind.NOT_A_NUMBER: "“{value}” chưa phải là số nguyên; đề nghị chỉ ghi chữ số, ví dụ 1200 hoặc 1.200.",
    FaultKind.NEGATIVE: "“{value}” là số âm; đề nghị ghi số từ 0 trở lên.",
    FaultKind.TOO_LARGE: "“{value}” quá lớn; đề nghị kiểm tra lại số chữ số và đơn vị tính.",
    FaultKind.NOT_A_DATE: "“{value}” chưa phải là ngày có thật; đề nghị ghi ngày/tháng/năm, ví dụ 14/11/2024.",
    FaultKind.OUTSIDE_PERIOD: "Ngày {value} nằm ngoài kỳ báo cáo; đề nghị kiểm tra lại ngày, tháng, năm.",
    FaultKind.UNKNOWN_FORM: "“{value}” không có trong danh sách hình thức; đề nghị chọn trong danh sách, "
    "hoặc chọn “Hình thức khác”.",
    FaultKind.MORE_THAN_ALL: "Số người thuộc hộ nghèo, hộ cận nghèo ({value}) nhiều hơn số người dự; "
    "đề nghị kiểm tra lại hai số.",
    FaultKind.TOO_LONG: "Nội dung quá dài; đề nghị rút gọn, phần chi tiết gửi bằng tệp kèm theo.",
    FaultKind.TOO_MANY: f"Có hơn {MOST_ACTIVITIES} hoạt động; đề nghị gộp các hoạt động cùng hình thức, cùng nội dung.",
}


def fault_words(fault: Fault) -> str:
    """Return the sentence for one fault."""
    return FAULTS[fault.kind].format(value=fault.value)


def form_named(words: str) -> ActivityForm | None:
    """Return the form that is called this, whatever the capitals and spaces; its code is taken as well."""
    return _FORMS.get(_folded(words))


def _folded(words: str) -> str:
    return " ".join(words.casefold().split())


_FORMS = {_folded(word): form for form, words in ACTIVITY_FORMS.items() for word in (words, form)}
