"""Reading a page: its tags, its text, and whether every tag is closed."""

from html.parser import HTMLParser

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Reader(HTMLParser):
    """Gathers tags, attributes and text, and whether every tag is closed."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.words, self.open = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join("".join(self.words).split())


def read(response, status=200):
    """Read a page of the record: it has that status, is kept by no cache, and obeys the policy of its own header."""
    assert response.status_code == status, response.text[:2000]
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    reader = Reader(response.text)
    assert reader.open == []
    assert sum(tag == "h1" for tag, _ in reader.tags) == 1
    ids = [attributes["id"] for _, attributes in reader.tags if "id" in attributes]
    assert sorted(set(ids)) == sorted(ids)
    for tag, attributes in reader.tags:
        assert tag not in ("script", "style", "iframe")
        assert not any(name == "style" or name.startswith("on") for name in attributes)
        if tag in ("input", "select", "textarea") and attributes.get("type") not in ("hidden", "checkbox", "radio"):
            assert ("label", {"for": attributes["id"]}) in reader.tags
        if tag == "a" and attributes["href"].startswith("#"):
            assert attributes["href"][1:] in ids
    return reader


def field(reader, name):
    """What stands in a field that was typed into."""
    return next(
        attributes.get("value") for tag, attributes in reader.tags if tag == "input" and attributes.get("name") == name
    )


def errors_of(response, status=400):
    """The fields to which the summary of what is wrong leads, in order."""
    reader = read(response, status)
    return [
        a["href"][1:] for tag, a in reader.tags if tag == "a" and a["href"].startswith("#") and a["href"] != "#content"
    ]
