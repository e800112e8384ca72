"""Pictures inside a page: inline SVG in the page's own colours, with a title and a description."""

import base64
import re
from html import unescape
from itertools import count

from nettrain.output.report_page.html import Content, Html, element, markup

OWN_STYLE = re.compile(r"<defs>\s*<style.*?</style>\s*</defs>", re.DOTALL)  # it would hold for the whole page
TAG = re.compile("<[^>]*>")  # in an attribute, > is &gt;
SIZE = re.compile(r'width="([\d.]+)pt" height="[\d.]+pt"')
NAMES = re.compile(r'(\bid="|url\(#|xlink:href="#)([^")]+)')
GROUPS = re.compile(r'(<g) id="(?!trial-)[^"]*"')  # nothing refers to them, and they are in every picture
FONTS = re.compile(r" font-family: [^;\"]*;")
# colours of canvas.py, and the variable of style.css that takes their place, with theirs when saved alone
COLORS = {
    "#000000": "ink",
    "#1f4e9c": "blue",
    "#d9822b": "orange",
    "#666666": "rule",
    "#444444": "soft",
    "#dddddd": "grid",
    "#9fb3d1": "pale",
    "#ffffff": "paper",
}
COLOR = re.compile("|".join(COLORS))


class Drawings:
    """The pictures of one page, whose inner names do not clash."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def figure(
        self, svg: bytes, title: str, caption: Content, *, own_colors: bool = False, about: str = ""
    ) -> Html:
        """A figure with a caption that says how to read it.

        With `own_colors`, shades of which the page has no dark form, it stands on light ground. `about`
        describes the picture to those who do not see it.
        """
        number = next(self._numbers)
        picture = inline(svg, f"p{number}", title, about or plain(caption), themed=not own_colors)
        box = element("div", picture, class_="plot light" if own_colors else "plot", tabindex=0)
        return element("figure", box, element("figcaption", caption))


def image(png: bytes, title: str, caption: Content) -> Html:
    """A figure of a picture that is made of pixels, on light ground."""
    source = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    picture = element("img", src=source, alt=f"{title}. {plain(caption)}")
    box = element("div", picture, class_="plot light", tabindex=0)
    return element("figure", box, element("figcaption", caption))


def inline(svg: bytes, prefix: str, title: str, about: str, *, themed: bool) -> Html:
    """The SVG element alone: names begin with the prefix, fonts and, if `themed`, colours are the page's."""
    text = svg.decode()
    text = OWN_STYLE.sub("", text[text.index("<svg") :])
    text = TAG.sub(lambda tag: _adapted(tag[0], prefix, themed=themed), text)
    size = SIZE.search(text)
    points = float(size[1]) if size else 0.0
    label = f'style="--width: {points:.0f}pt" role="img" aria-labelledby="{prefix}-title {prefix}-about"'
    text = SIZE.sub(label, text, count=1)
    head, _, body = text.partition(">")
    named = (element("title", title, id=f"{prefix}-title"), element("desc", about, id=f"{prefix}-about"))
    return Html(f"{head}>{markup(named)}{body.strip()}")


def _adapted(tag: str, prefix: str, *, themed: bool) -> str:
    """One tag with names, fonts and colours of the page; what users wrote stands between tags, and stays."""
    tag = NAMES.sub(rf"\1{prefix}-\2", GROUPS.sub(r"\1", FONTS.sub("", tag)))
    return COLOR.sub(lambda match: f"var(--{COLORS[match[0]]}, {match[0]})", tag) if themed else tag


def plain(content: Content) -> str:
    """A caption without its markup."""
    return unescape(TAG.sub("", markup(content)))
