"""What readers of the core make of pages, notebooks, mails, subtitles and tables: what is said, where, and no more."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest
from fix_documents import mail
from gemini_embed.readers import Passage, Picture, contents_of, reader_of
from gemini_embed.readers.encoding import text_of
from hypothesis import given, settings
from hypothesis import strategies as st


def read(name: str, data: bytes | str, most_tokens: int = 1024) -> list[Passage | Picture]:
    reader = reader_of(Path(name))
    assert reader is not None
    held = data.encode() if isinstance(data, str) else data
    return list(contents_of(reader, held, name, most_tokens=most_tokens, most_passages=10_000))


def told(name: str, data: bytes | str) -> list[tuple[str, str, str]]:
    """Anchor, headings and text."""
    return [(one.place.anchor, one.heading, one.text) for one in read(name, data)]


A_B = ("a-b", "A b!", "A b!\n\n1")


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        pytest.param("<p>a<br>b</p>c<p>d", [("", "", "a\nb\n\nc\n\nd")], id="blocks"),
        pytest.param("<ul><li>a<li>b</ul>", [("", "", "- a\n\n- b")], id="lists-left-open"),
        pytest.param("<p>a &amp; b &lt;c&gt; &#8364;</p>", [("", "", "a & b <c> \u20ac")], id="references"),
        pytest.param("<pre>a\n  b &lt;</pre>", [("", "", "a\n  b <")], id="preformatted"),
        pytest.param("<p>a<script>b</script><style>c</style><noscript>d</noscript></p>", [("", "", "a")], id="scripts"),
        pytest.param("<nav>x</nav><div role=navigation>y</div><p hidden>z</p><p>a</p>", [("", "", "a")], id="around"),
        pytest.param("<p>menu</p><main><p>a</p></main>", [("", "", "a")], id="main"),
        pytest.param("<h1>T</h1><a name=x></a><h2>S</h2>a", [("x", "T > S", "S\n\na")], id="anchor-before-heading"),
        pytest.param("<section id=x><h2>S</h2><p>a</section>", [("x", "S", "S\n\na")], id="anchor-of-section"),
        pytest.param(
            "<h2>A b!</h2>1<h2>A b</h2>2", [("a-b", "A b!", "A b!\n\n1"), ("a-b-1", "A b", "A b\n\n2")], id="slugs"
        ),
        pytest.param("<title>T</title><p>a</p>", [("t", "T", "T\n\na")], id="title"),
        pytest.param("<h2>S<a class=headerlink href='#s'>\u00b6</a></h2>a", [("s", "S", "S\n\na")], id="pilcrow"),
        pytest.param("a<!-- b --> c<!doctype html> d <![CDATA[e]]>", [("", "", "a c d")], id="comments"),
        pytest.param("a <!-- never closed", [("", "", "a")], id="open-comment"),
        pytest.param("<script>x='<!--'</script><p>a</p>", [("", "", "a")], id="comment-in-a-script"),
        pytest.param("<script>x='<style>'</SCRIPT ><p>a</p>", [("", "", "a")], id="style-in-a-script"),
        pytest.param('<script src="x.js"/><style/><p>a</p>', [("", "", "a")], id="scripts-of-xhtml"),
        pytest.param("a<script>b", [("", "", "a")], id="open-script"),
        pytest.param("<p>Donau&shy;dampf</p>", [("", "", "Donaudampf")], id="soft-hyphen"),
        pytest.param("1 < 2 and 3 > 2, x<y", [("", "", "1 < 2 and 3 > 2, x<y")], id="signs"),
    ],
)
def test_html(page: str, expected: list[tuple[str, str, str]]) -> None:
    assert told("a.html", page) == expected


def test_html_in_what_it_says_it_is() -> None:
    page = '<meta charset="iso-8859-7"><p>\u0391\u03b8\u03ae\u03bd\u03b1</p>'
    assert told("a.html", page.encode("iso-8859-7"))[0][2] == "\u0391\u03b8\u03ae\u03bd\u03b1"


def test_places_are_those_of_the_whole_text() -> None:
    """Passages joined with a blank line between sections are the text that characters count in."""
    page = "".join(f"<h2>Section {n}</h2><p>{f'Sentence {n}. ' * 60}</p>" for n in range(3))
    passages = read("a.html", page, most_tokens=80)
    assert len(passages) > 6
    whole = " " * 20_000
    for one in passages:
        start, end = one.place.char_start, one.place.char_end
        assert start is not None
        assert end == start + len(one.text)
        assert not whole[start:end].strip(), "no two share a character"
        whole = whole[:start] + one.text + whole[end:]
    assert whole.strip().startswith("Section 0\n\nSentence 0.")


def test_notebooks_of_other_days() -> None:
    """nbformat 3, attachments, errors."""
    cells = [
        {"cell_type": "code", "input": "1/0", "outputs": [{"output_type": "pyerr", "ename": "E", "evalue": "zero"}]},
        {"cell_type": "markdown", "source": "![a](data:image/png;base64,AAAA) said"},
    ]
    old = json.dumps({"worksheets": [{"cells": cells}], "metadata": {}, "nbformat": 3})
    assert told("a.ipynb", old) == [("cell=1", "", "1/0\n\nE: zero"), ("cell=2", "", "a said")]


def test_boxes_of_mail() -> None:
    """Each mail is told by its place in the box."""
    one = mail().replace(b"\nFrom ", b"\n>From ")
    found = read(
        "a.mbox", b"From ada Mon Nov  2 09:00:00 2026\n" + one + b"\nFrom ada Mon Nov  2 09:00:00 2026\n" + one
    )
    anchors = [passage.place.anchor for passage in found]
    assert "message=1" in anchors
    assert "message=2&attachment=prices.csv&row=2" in anchors


def test_subtitles() -> None:
    """Out of order, in hours, with tags; a line that rolls up is said once; a pause of half a minute ends a passage."""
    cues = (
        "01:00:10.000 --> 01:00:12.000\nsecond <b>line</b>\n\n01:00:00.000 --> 01:00:10.000\nfirst line\n\n"
        "01:00:12.000 --> 01:00:14.000\nsecond line\n\n01:02:00.000 --> 01:02:01.000\n{\\an8}third"
    )
    assert told("a.vtt", f"WEBVTT\n\n{cues}") == [
        ("t=3600,3614", "", "first line second line"),
        ("t=3720,3721", "", "third"),
    ]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        pytest.param("a,b\n1,2\n", [("row=2", "", "a: 1\nb: 2")], id="names"),
        pytest.param("1,2\n3,4\n", [("row=1", "", "1\n2"), ("row=2", "", "3\n4")], id="no-names"),
        pytest.param('a;b\n"x;\ny";\n', [("row=2", "", "a: x; y")], id="quoted"),
        pytest.param("a\tb\n\n1\t2\t3\n", [("row=3", "", "a: 1\nb: 2\n3")], id="tabs-blank-and-too-many"),
    ],
)
def test_tables(table: str, expected: list[tuple[str, str, str]]) -> None:
    assert told("a.csv", table) == expected


TEXTS = ("Die Straße führt über die Brücke, schräg gegenüber.", "Où est la clé ? Là-bas, à côté.", "naïve café", "Käse")


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252", "latin-1"])
def test_encodings(text: str, encoding: str) -> None:
    assert text_of(text.encode(encoding)) == text


@pytest.mark.parametrize(
    ("said", "told", "encoding"),
    [
        ("\u201cso\u201d \u2013 5 \u20ac", "iso-8859-1", "cp1252"),
        ("\u65e5\u672c\u8a9e", "ISO-2022-JP", "iso-2022-jp"),
        ("\u2460 \u9ad9\u6a4b", "Shift_JIS", "cp932"),
        ("\u4e2d\u6587 \u9555", "gb2312", "gb18030"),
        ("caf\u00e9", "no-such-charset", "utf-8"),
        ("caf\u00e9", "us-ascii", "utf-8"),
        ("caf\u00e9", "hex", "cp1252"),
    ],
)
def test_encodings_that_are_told(said: str, told: str, encoding: str) -> None:
    """As browsers and mail programs take them: the larger set that is meant, and ASCII that stands for something."""
    assert text_of(said.encode(encoding), told) == said


def test_encodings_that_are_detected() -> None:
    words = ("\u041c\u0435\u043b\u044c\u043d\u0438\u0446\u0430", "\u0441\u0442\u043e\u0438\u0442")
    russian = " ".join(words * 20)
    assert text_of(russian.encode("cp1251")) == russian
    assert text_of(bytes(range(256))) is None
    assert text_of(b"\xff\xfe\0 no text") is None


@given(st.text(st.characters(exclude_characters="\0"), max_size=200))
@settings(deadline=None, max_examples=30)
def test_what_is_said_stays(text: str) -> None:
    """Letters of a page are in its passages, in their order."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    letters = [one for one in text if one.isalpha()]
    page = f"<p>{escaped}</p><p>end</p>"
    said = "".join(one.text for one in read("a.html", page.encode("utf-8", "ignore")))
    assert [one for one in said if one.isalpha()] == [*letters, *"end"]


def test_all_texts_of_a_mail() -> None:
    """Of forms of the same one; of several, as Apple's program writes them around a picture, each."""
    from email.message import EmailMessage

    both = EmailMessage()
    both["Subject"] = "Both"
    both.set_content("plain words")
    both.add_alternative("<p>page words</p>", subtype="html")
    assert "page words" not in "".join(one.text for one in read("a.eml", both.as_bytes()))

    mixed = b"""Subject: =?iso-2022-jp?B?GyRCRnxLXBsoQg==?=
Content-Type: multipart/mixed; boundary=x

--x
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

before the picture =80 5
--x
Content-Type: text/plain; charset=ISO-2022-JP

after \x1b$BF|K\\\x1b(B
--x--
"""
    said = "\n".join(one.text for one in read("a.eml", mixed))
    assert "Subject: \u65e5\u672c" in said
    assert "before the picture \u20ac 5" in said
    assert "after \u65e5\u672c" in said


def test_a_mail_that_is_a_table() -> None:
    (_, row) = read("a.eml", b"Subject: Prices\nContent-Type: text/csv; name=p.csv\n\nGrain,Price\nrye,88\n")
    assert (row.text, row.place.anchor) == ("Grain: rye\nPrice: 88", "attachment=p.csv&row=2")


def test_srt_has_no_notes() -> None:
    (only,) = read("a.srt", "1\n00:00:01,000 --> 00:00:04,000\nNOTE the date.\n")
    assert only.text == "NOTE the date."


def test_names_with_delimiters_in_them() -> None:
    assert read("a.csv", '"Last, first, title";Age\n"Gruber, Ada, Dr.";7\n')[0].text == (
        "Last, first, title: Gruber, Ada, Dr.\nAge: 7"
    )


def test_no_more_rows_are_read_than_are_wanted() -> None:
    """Of millions each would be held in memory."""
    reader = reader_of(Path("a.csv"))
    assert reader is not None
    tracemalloc.start()
    first = next(iter(reader.passages(b"a,b\n" + b"1,x\n" * 200_000, "a.csv", 1024)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert first.place.anchor == "row=2"
    assert peak < 12 * 2**20, "the text twice or three times, no object a row"
