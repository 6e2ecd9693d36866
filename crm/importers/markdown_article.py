"""Read one Markdown article: fields from the frontmatter, the title from it, the first heading or the file's name."""

from typing import Any

from crm.importers.sections import first_heading
from rapport.errors import BadRow


def read_markdown(content: bytes, stem: str) -> dict[str, Any]:
    """The article's fields. stem: the file's name without its ending. Raises BadRow for what is no such file."""
    import frontmatter
    import yaml  # type: ignore[import-untyped]

    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise BadRow(f"not valid UTF-8 (byte {error.start + 1}).", hint="Save the file as UTF-8.") from None
    try:
        found, body = frontmatter.parse(text)
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, RecursionError) as error:
        problem = " ".join(str(error).split())
        raise BadRow(f"the frontmatter is not valid YAML ({problem[:200]}).") from None
    fields = {str(name): value for name, value in found.items()}
    body = body.strip()
    if not any(name.casefold() == "title" for name in fields):
        heading = first_heading(body)
        fields["title"], body = heading if heading else (readable(stem), body)
    if not body:
        raise BadRow("the article has no text.")
    return fields | {"text": body}


def readable(stem: str) -> str:
    """A file's name as a title: "return-a-gift" is "Return a gift"."""
    words = " ".join(stem.replace("-", " ").replace("_", " ").split())
    return words[:1].upper() + words[1:]
