"""Why is a file not taken? A reason for counting, and a sentence that tells its sender how to mend it."""

from enum import StrEnum

from rules.errors import DondocError


class UploadRefusal(StrEnum):
    """Why a file is not taken."""

    EMPTY = "empty"
    TOO_LARGE = "too-large"
    UNKNOWN_TYPE = "unknown-type"
    OLD_FORMAT = "old-format"
    WRONG_ENDING = "wrong-ending"
    BROKEN = "broken"
    ENCRYPTED = "encrypted"
    BOMB = "bomb"
    MACROS = "macros"
    EMBEDDED = "embedded"
    EXTERNAL = "external"
    SCRIPTS = "scripts"


SENTENCES = {
    UploadRefusal.EMPTY: "Tệp không có nội dung; đề nghị chọn lại tệp.",
    UploadRefusal.TOO_LARGE: "Tệp lớn hơn 20 MB; đề nghị giảm dung lượng hoặc tách thành nhiều tệp.",
    UploadRefusal.UNKNOWN_TYPE: "Không nhận loại tệp này; đề nghị gửi tệp PDF, DOCX, XLSX hoặc ảnh JPG, PNG, WEBP.",
    UploadRefusal.OLD_FORMAT: "Tệp ở định dạng cũ (.doc, .xls); đề nghị lưu lại thành .docx, .xlsx hoặc PDF.",
    UploadRefusal.WRONG_ENDING: "Phần mở rộng của tên tệp không đúng với nội dung; đề nghị lưu lại đúng định dạng.",
    UploadRefusal.BROKEN: "Tệp bị hỏng hoặc chưa tải lên đủ; đề nghị mở thử, lưu lại rồi gửi lại.",
    UploadRefusal.ENCRYPTED: "Tệp có đặt mật khẩu; đề nghị bỏ mật khẩu rồi gửi lại.",
    UploadRefusal.BOMB: "Nội dung nén trong tệp quá lớn; đề nghị lưu lại hoặc chuyển thành PDF.",
    UploadRefusal.MACROS: "Tệp có macro; đề nghị lưu lại dạng không có macro (.docx, .xlsx) hoặc PDF.",
    UploadRefusal.EMBEDDED: "Tệp có đối tượng nhúng; đề nghị bỏ đối tượng nhúng hoặc chuyển thành PDF.",
    UploadRefusal.EXTERNAL: "Tệp lấy dữ liệu, hình ảnh hoặc mẫu từ nơi khác; đề nghị ngắt liên kết hoặc gửi bản PDF.",
    UploadRefusal.SCRIPTS: "Tệp PDF có mã lệnh hoặc tệp đính kèm; đề nghị in lại thành PDF rồi gửi lại.",
}


class UploadRefusedError(DondocError):
    """A file is not taken; the message is for its sender, `reason` for counting."""

    def __init__(self, reason: UploadRefusal) -> None:
        super().__init__(SENTENCES[reason])
        self.reason = reason
