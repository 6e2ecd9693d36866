"""Folders of Markdown and HTML become articles."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.importers.html_article import read_html
from crm.importers.markdown_article import read_markdown
from crm.importers.rows import ImportOptions
from crm.importers.run import import_file
from crm.importers.sections import sections_of, slug
from rapport.errors import BadRow, UserError
from rapport.records import Article, RecordKind

PAGE = """<!doctype html><html lang="de"><head><title>Returns | Shop</title>
<link rel="canonical" href="https://shop.example/returns"><meta name="visibility" content="staff">
<meta name="keywords" content="return, refund"><meta name="valid-until" content="2027-01-01">
<style>p { color: red }</style></head><body><nav>Home <a href="/">Start</a></nav>
<main><article><header><h1>How to return</h1></header><p>Send it <b>back</b> within 30&nbsp;days.</p>
<script>track()</script><ul><li>Box</li><li>Label</li></ul><h2>Cost</h2><p>Free. <a href="/cost">More</a></p>
<form><button>Helpful?</button></form><aside>Ad</aside></article></main><footer>Imprint</footer></body></html>"""


@pytest.fixture
def folder(tmp_path):
    """Write files into a folder of articles, given by name and text."""

    def write(**files):
        root = tmp_path / "help"
        for name, text in files.items():
            path = root / name.replace("__", "/")
            path = path.with_suffix(".md") if not path.suffix else path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return root

    return write


def load(store, home, path, format="markdown", **given):
    options = ImportOptions(format=format, source="help", rejects_folder=home.rejects, **given)
    return import_file(store, RecordKind.ARTICLES, path, options)


def test_frontmatter_names_every_field_of_an_article(store, home, folder):
    path = folder(
        returns__shoes="---\ntitle: Shoes\nvisibility: staff\nvalid_from: 2026-01-01\n"
        "valid_until: 2027-01-01T00:00:00Z\nurl: https://x.org/shoes\nlocale: de\ncollection: faq\ntags: [a, b]\n"
        "id: shoes\n---\nSend them back.\n"
    )
    assert load(store, home, path).added == 1
    assert store.get(RecordKind.ARTICLES, "help:shoes") == Article(
        source="help", source_id="shoes", title="Shoes", text="Send them back.", visibility="staff", collection="faq",
        url="https://x.org/shoes", locale="de", valid_from=datetime(2026, 1, 1, tzinfo=UTC),
        valid_until=datetime(2027, 1, 1, tzinfo=UTC), tags=("a", "b"),
    )  # fmt: skip


def test_the_first_heading_is_the_title_and_no_part_of_the_text(store, home, folder):
    load(store, home, folder(a__gift_cards="Intro\n\n# Gift cards #\n\nThey last three years.\n", b_plain="Just text."))
    found = {one.source_id: (one.title, one.text) for one in store.iterate(RecordKind.ARTICLES)}
    assert found == {
        "a/gift_cards": ("Gift cards", "Intro\n\n\nThey last three years."),
        "b_plain": ("B plain", "Just text."),
    }


def test_a_comment_in_a_code_block_is_no_heading():
    assert read_markdown(b"```\n# not a title\n```\n# Title\ntext", "x")["title"] == "Title"


def test_a_file_that_cannot_be_read_is_rejected_and_the_others_are_kept(store, home, folder):
    path = folder(good="text", yaml="---\na: [\n---\ntext", empty="", date="---\nvalid_until: soon\n---\ntext")
    (path / "latin.md").write_bytes(b"Ren\xe9")
    report = load(store, home, path)
    assert (report.added, report.rejected) == (1, 4)
    said = (home.rejects / report.rejects_file).read_text()
    for part in ('"file": "yaml.md"', "not valid YAML", "no text", "valid_until is 'soon'", "not valid UTF-8"):
        assert part in said


def test_drafts_and_hidden_files_are_left_out(store, home, folder):
    path = folder(a="text", b="---\ndraft: true\n---\ntext", c="---\npublished: false\n---\ntext")
    (path / ".git").mkdir()
    (path / ".git" / "x.md").write_text("text")
    load(store, home, path)
    assert list(store.keys(RecordKind.ARTICLES)) == ["help:a"]


def test_an_article_that_vanished_is_removed_and_one_that_changed_gets_a_new_version(store, home, folder):
    path = folder(a="one", b="two")
    load(store, home, path)
    (path / "a.md").unlink()
    (path / "b.md").write_text("two, changed")
    report = load(store, home, path)
    assert (report.changed, report.removed) == (1, 1)
    assert store.get(RecordKind.ARTICLES, "help:a") is None
    assert store.version(RecordKind.ARTICLES, "help:b") == 2


def test_nothing_is_removed_while_a_file_cannot_be_read(store, home, folder):
    path = folder(a="---\nid: first\n---\none", b="two")
    load(store, home, path)
    (path / "a.md").write_text("---\nid: [\n---\none")
    (path / "b.md").unlink()
    report = load(store, home, path)
    assert report.removed == 0
    assert "nothing was removed" in report.notes[0]
    assert store.count(RecordKind.ARTICLES) == 2


def test_a_single_file_removes_nothing(store, home, folder):
    path = folder(a="one", b="two")
    load(store, home, path)
    assert load(store, home, path / "a.md").removed == 0


def test_a_page_becomes_markdown_without_what_surrounds_it():
    found = read_html(PAGE.encode(), "returns")
    assert found == {
        "title": "How to return", "locale": "de", "url": "https://shop.example/returns", "visibility": "staff",
        "tags": "return, refund", "valid_until": "2027-01-01",
        "text": "Send it **back** within 30\xa0days.\n\n- Box\n- Label\n\n## Cost\n\nFree. [More](/cost)",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("page", "title", "text"),
    [
        ("<title>T</title><p>x</p>", "T", "x"),
        ("<body><h1>H</h1><p>x</p></body>", "H", "x"),
        ("<p>x</p>", "A name", "x"),
        ("<article><h1>H</h1>x</article><p>outside</p>", "H", "x"),
        ("<p>unclosed <b>x", "A name", "unclosed **x**"),
    ],
)
def test_the_title_is_the_heading_then_the_page_title_then_the_file_name(page, title, text):
    found = read_html(page.encode(), "a-name")
    assert (found["title"], found["text"]) == (title, text)


def test_a_page_in_the_encoding_that_it_names_is_read():
    page = '<meta charset="windows-1252"><p>Größe – 5 €</p>'.encode("cp1252")
    assert read_html(page, "x")["text"] == "Größe – 5 €"


def test_a_page_in_another_encoding_that_it_does_not_name_is_refused():
    with pytest.raises(BadRow, match="not valid UTF-8"):
        read_html("<p>Größe</p>".encode("cp1252"), "x")


@pytest.mark.parametrize("content", [b"", b"plain", b"<script>x</script>", b"<div>" * 5000 + b"x"])
def test_a_page_without_text_is_refused(content):
    with pytest.raises(BadRow):
        read_html(content, "x")


def test_a_folder_of_pages_is_imported(store, home, tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "returns.html").write_text(PAGE)
    assert load(store, home, tmp_path / "site", "html").added == 1
    assert store.get(RecordKind.ARTICLES, "help:returns").visibility == "staff"


def test_a_folder_without_articles_or_another_kind_is_refused(store, home, folder):
    path = folder(a="text")
    with pytest.raises(UserError, match=r"no \.html"):
        load(store, home, path, "html")
    with pytest.raises(UserError, match="holds articles, not orders"):
        import_file(store, RecordKind.ORDERS, path, ImportOptions(format="markdown", source="x"))


def test_sections_carry_the_path_of_their_headings_and_double_ones_are_numbered():
    text = "# Top\nintro\n## A\na\n### B\nb\n```\n# code\n```\n## C\n## A\nagain\n# Other\nx"
    assert [(one.path, one.text, one.line) for one in sections_of(text, title="file")] == [
        (("Top",), "intro", 1), (("A",), "a", 3), (("A", "B"), "b\n```\n# code\n```", 5), (("A (2)",), "again", 11),
        (("Other",), "x", 13),
    ]  # fmt: skip
    assert [one.path for one in sections_of("no heading", title="file")] == [("file",)]


@given(st.text())
def test_sections_lose_no_line_that_is_not_a_heading(text):
    kept = "\n".join(section.text for section in sections_of(text, title="t"))
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            assert line.strip() in kept


@given(st.text())
def test_a_slug_is_never_empty_and_plain(text):
    assert set(slug(text)) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert slug(text)
