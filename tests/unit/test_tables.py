"""Tables at the command line: whatever the width, nothing is cut off, and dates stay whole."""

from cli.common import print_table

ADDRESS = "dau-moi.xa-dak-koi@konray.example"
WHAT = "Tuyên truyền, vận động tham gia Chương trình mục tiêu quốc gia giảm nghèo bền vững " * 2
ROWS = [("21/11/2024", ADDRESS, WHAT, "quá hạn 06 ngày làm việc, thời hạn 21/11/2024", "Đã gửi", None)]
HEADINGS = ("Ngày", "Người nhận", "Nội dung", "Vì sao", "Kết quả", "")


def printed(capsys):
    print_table("Bảng", HEADINGS, ROWS)
    return capsys.readouterr().out


def column(out, place):
    """Return what stands in a column, its lines put together again."""
    return "".join(line.split("│")[place + 1].strip() for line in out.splitlines() if line.startswith("│"))


def test_on_a_narrow_terminal_nothing_is_cut_off_and_dates_stay_whole(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    out = printed(capsys)
    assert max(map(len, out.splitlines())) == 80
    assert "│ 21/11/2024 │" in out
    assert column(out, 1) == ADDRESS
    assert column(out, 2).replace(" ", "") == WHAT.replace(" ", "")


def test_without_a_terminal_it_is_as_wide_as_a_page(capsys, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    assert max(map(len, printed(capsys).splitlines())) == 120
