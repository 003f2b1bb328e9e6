"""Bytes of a file to text in UTF-8; what is something else is refused, and read on where that can tell what else is wrong."""

from __future__ import annotations

from remission.assessing.ledger import Ledger

SIGNATURES = (
    (b"PK\x03\x04", "this is a zip archive or an Excel workbook, not CSV", "give it the ending .xlsx if it is a workbook, else unpack it"),
    (b"\xd0\xcf\x11\xe0", "this is a workbook of an old Excel, not CSV", "save it as .xlsx or as CSV"),
    (b"\x1f\x8b", "this is compressed with gzip, not CSV", "unpack it first"),
    (b"PAR1", "this is Parquet, not CSV", "give it the ending .parquet"),
)
"""How files begin that are no text."""
MARK = b"\xef\xbb\xbf"
WIDE = (b"\xff\xfe", b"\xfe\xff")
UTF8 = "save it with the encoding UTF-8, without a byte-order mark"


def as_utf8(name: str, data: bytes, ledger: Ledger) -> bytes | None:
    """The text with line ends of Unix or Windows; None after noting that there is none."""
    for signature, message, remedy in SIGNATURES:
        if data.startswith(signature):
            ledger.add(message, f"{name}, row 1", remedy=remedy)
            return None
    data = _without_mark(name, data, ledger)
    if not (data[:4096].strip() or data.strip()):
        ledger.add("the file is empty", name, remedy="write a header and at least one row")
        return None
    if b"\0" in data:
        row = data.count(b"\n", 0, data.index(b"\0")) + 1
        ledger.add("there is a null character", f"{name}, row {row}", remedy="save it again as CSV with the encoding UTF-8", row=row)
        return None
    return _line_ends(name, _decoded(name, data, ledger), ledger)


def _without_mark(name: str, data: bytes, ledger: Ledger) -> bytes:
    if data.startswith(MARK):
        remedy = "save it as plain CSV (Excel: `CSV (Comma delimited)`, not `CSV UTF-8`), or give the .xlsx workbook itself"
        ledger.add("the file begins with a byte-order mark", f"{name}, row 1", remedy=remedy)
        return data[len(MARK) :]
    if data.startswith(WIDE):
        ledger.add("this is UTF-16 text", f"{name}, row 1", remedy="save it as CSV with the encoding UTF-8 (Excel: not `Unicode text`)")
        return data.decode("utf-16", errors="replace").encode()
    return data


def _decoded(name: str, data: bytes, ledger: Ledger) -> bytes:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        value = data[max(0, error.start - 10) : error.start + 10].decode("latin-1")
        ledger.add("this is not UTF-8 text", f"{name}, row {row}", value, UTF8, row)
        return data.decode("latin-1").encode()
    return data


def _line_ends(name: str, data: bytes, ledger: Ledger) -> bytes:
    if b"\r" not in data or data.count(b"\r") == data.count(b"\r\n"):
        return data
    remedy = "save it with line ends of Unix or Windows (`CSV`, not `CSV Macintosh`)"
    ledger.add("lines end with a single carriage return", name, remedy=remedy)
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
