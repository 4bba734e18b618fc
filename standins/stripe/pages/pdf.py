"""A one-page PDF written by hand: lines of text in Helvetica at given places, and rules between them."""

from dataclasses import dataclass

from standins.stripe.pages.words import MINUS

WIDTH, HEIGHT = 595, 842  # A4, in points
# Widths of the glyphs that amounts are made of, in thousandths of the size.
WIDTHS = {".": 278, ",": 278, " ": 278, "-": 333, "$": 556, "U": 722, "S": 667, "D": 722}
DIGIT = 556
REGULAR, BOLD = "F1", "F2"


@dataclass(frozen=True)
class Text:
    """`x` from the left and `y` from the top; `right`: x is where it ends."""

    x: int
    y: int
    words: str
    size: int = 10
    font: str = REGULAR
    right: bool = False


@dataclass(frozen=True)
class Rule:
    y: int
    left: int
    right: int


def document(marks: list[Text | Rule], *, title: str) -> bytes:
    """The whole file."""
    content = b"\n".join(drawn(mark) for mark in marks)
    kind = b"<< /Type /Font /Subtype /Type1 /Encoding /WinAnsiEncoding /BaseFont "
    fonts = b"/Resources << /Font << /F1 5 0 R /F2 6 0 R >> >>"
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R /Lang (en) >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents 4 0 R %b >>" % (WIDTH, HEIGHT, fonts),
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content),
        kind + b"/Helvetica >>",
        kind + b"/Helvetica-Bold >>",
        b"<< /Title %b >>" % quoted(title),
    ]
    return assembled(bodies)


def assembled(bodies: list[bytes]) -> bytes:
    """Numbered objects, the table of where each begins, and the trailer."""
    file = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
    starts = []
    for number, body in enumerate(bodies, 1):
        starts.append(len(file))
        file += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    count = len(bodies) + 1
    table = b"xref\n0 %d\n0000000000 65535 f \n" % count + b"".join(b"%010d 00000 n \n" % start for start in starts)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R /Info %d 0 R >>\n" % (count, len(bodies))
    return file + table + trailer + b"startxref\n%d\n%%%%EOF\n" % len(file)


def drawn(mark: Text | Rule) -> bytes:
    if isinstance(mark, Rule):
        y = HEIGHT - mark.y
        return b"0.6 w 0.75 G %d %d m %d %d l S" % (mark.left, y, mark.right, y)
    thousandths = mark.x * 1000 - (width_of(mark.words) * mark.size if mark.right else 0)
    x = b"%d.%03d" % divmod(thousandths, 1000)
    place = b"1 0 0 1 %b %d Tm" % (x, HEIGHT - mark.y)
    return b"BT /%b %d Tf %b %b Tj ET" % (mark.font.encode(), mark.size, place, quoted(mark.words))


def width_of(words: str) -> int:
    return sum(WIDTHS.get(letter, DIGIT) for letter in words.replace(MINUS, "-"))


def quoted(words: str) -> bytes:
    """A string of the page's encoding; what that does not know becomes a question mark."""
    bare = words.replace(MINUS, "-").encode("cp1252", "replace")
    escaped = bare.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
    return b"(" + escaped.replace(b"\r", b" ").replace(b"\n", b" ") + b")"
