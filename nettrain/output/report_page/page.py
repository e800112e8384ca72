"""The frame of a page: head, contents, sections, and the style and script that it carries in itself."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nettrain.output.report_page.html import Content, Html, element, markup
from nettrain.store.run_folder import PAGE_MARK

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Section:
    """A part of a page with an entry in its contents."""

    key: str
    title: str
    content: Content


def page(title: str, head: Content, sections: Sequence[Section]) -> str:
    """The whole file."""
    style, script = _inside("style.css"), _inside("script.js")
    return (
        "<!DOCTYPE html>\n"
        + element(
            "html",
            "\n",
            element(
                "head",
                element("meta", charset="utf-8"),
                element("meta", http_equiv="Content-Security-Policy", content=_policy(script)),
                element("meta", name="viewport", content="width=device-width, initial-scale=1"),
                Html(PAGE_MARK),
                element("meta", name="color-scheme", content="light dark"),
                element("title", title),
                element("style", Html(style)),
            ),
            "\n",
            element(
                "body",
                element("a", "To the contents", href="#contents", class_="skip"),
                element("header", head),
                _contents(sections),
                element("main", [_section(one) for one in sections]),
                element("footer", "Written by nettrain. This file needs no other and no network."),
                element("script", Html(script)),
            ),
            "\n",
            lang="en",
        )
        + "\n"
    )


def _policy(script: str) -> str:
    """Nothing is loaded from anywhere, and no script runs but the one that the page comes with."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def _inside(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def _contents(sections: Sequence[Section]) -> Html:
    links = [element("li", element("a", one.title, href=f"#{one.key}")) for one in sections]
    return element("nav", element("ol", links), id="contents", aria_label="Contents")


def _section(section: Section) -> Html:
    heading = element("h2", section.title, id=f"{section.key}-heading")
    return element(
        "section", heading, section.content, id=section.key, aria_labelledby=f"{section.key}-heading"
    )


def paragraph(*content: Content) -> Html:
    """A paragraph."""
    return element("p", *content)


def quiet(*content: Content) -> Html:
    """A paragraph that explains, in a quieter colour."""
    return element("p", *content, class_="quiet")


def details(summary: str, *content: Content) -> Html:
    """A part that is folded until it is opened; in print it is open."""
    return element("details", element("summary", summary), *content)


def code(text: str) -> Html:
    """Text as it is typed."""
    return element("code", text)


def listing(text: str) -> Html:
    """Lines of a file or a command."""
    return element("pre", code(text), tabindex=0)


def joined(parts: Sequence[Content], between: str = " ") -> Html:
    """Parts with something between two of them."""
    pieces = [markup(part) for part in parts]
    return Html(markup(between).join(pieces))
