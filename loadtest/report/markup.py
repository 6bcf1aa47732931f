"""Elements of a page. Pure.

Invariant: text becomes markup in no way: whatever is a string here is escaped when it is written.
"""

from xml.etree import ElementTree as ET

Child = ET.Element | str | None


def element(tag: str, *children: Child, **attributes: str | float | None) -> ET.Element:
    """An element; `class_` and `stroke_width` are written `class` and `stroke-width`.

    What is None, child or attribute, is left out.
    """
    made = ET.Element(tag)
    for name, value in attributes.items():
        if value is not None:
            text = value if isinstance(value, str) else f"{value:g}"
            made.set(name.rstrip("_").replace("_", "-"), text)
    for child in children:
        _append(made, child)
    return made


def page(html: ET.Element) -> str:
    return f"<!doctype html>\n{ET.tostring(html, 'unicode', method='html')}\n"


def _append(made: ET.Element, child: Child) -> None:
    if isinstance(child, ET.Element):
        made.append(child)
    elif child is not None and len(made):
        made[-1].tail = (made[-1].tail or "") + child
    elif child is not None:
        made.text = (made.text or "") + child
