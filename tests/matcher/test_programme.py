"""Loading a programme: every mistake is reported with its file, its entry and what to do, all of them at once."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from matcher.programme import FILES, OKOCE, load_programme
from matcher.reading import ProgrammeError
from matcher.rules import rules_on
from tests.strategies import OURS, WORDS, a_product, a_programme, a_signal, an_intervention, load, write_programme

WARMI = Path(__file__).parents[1] / "programmes" / "warmi"
Files = dict[str, dict[str, Any]]
CODES = [{"id": code, "label": WORDS} for code in "abc"]


def good() -> Files:
    """A small programme without a mistake."""
    signals = [
        a_signal("paper", direction=1),
        a_signal("age", "number", grows={"every": "month", "while": {"signal": "running", "is": True}}),
        a_signal("books", "number", maximum=50, direction=1),
        a_signal("debt", "money", direction=-1),
        a_signal("colour", "choice", values=CODES),
        a_signal("lists", "choices", values=CODES),
        a_signal("day", "date"),
    ]
    need = [{"signal": "running", "is": True}]
    permit = an_intervention(
        "permit", step="P1", needs=need, requests=[{"signal": "paper", "to": True}], otherwise=WORDS
    )
    price = [{"rate_percent": 6, "basis": "effective"}]
    loan = {"kind": "credit", "form": ["conventional"], "tenor_months": {"any": 12}, "prices": price}
    products = [a_product("gift"), a_product("loan", criteria=[{"signal": "paper", "is": True}], **loan)]
    return a_programme(signals, [permit], products)


def row(files: Files, file: str, name: str) -> dict[str, Any]:
    """One entry of a file by its id."""
    rows = next(value for value in files[file].values() if isinstance(value, list) and value and "id" in value[0])
    return next(entry for entry in rows if entry["id"] == name)


def change(file: str, name: str, /, **values: Any) -> Callable[[Files], None]:
    """Changes one entry; None removes a key."""

    def apply(files: Files) -> None:
        entry = files[file] if name == "programme" else row(files, file, name)
        for key, value in values.items():
            if value is None:
                del entry[key]
            else:
                entry[key] = value

    return apply


def setting(table: str, value: dict[str, Any]) -> Callable[[Files], None]:
    """Changes one of the tables of tiers.toml."""
    return lambda files: files["tiers"].update({table: value})


def twice(file: str, name: str, /, **values: Any) -> Callable[[Files], None]:
    """Adds an entry of the same id."""

    def apply(files: Files) -> None:
        rows = next(value for value in files[file].values() if isinstance(value, list) and value and "id" in value[0])
        rows.append({**row(files, file, name), **values})

    return apply


def need(**criterion: Any) -> Callable[[Files], None]:
    """Gives the permit one need."""
    return change("interventions", "permit", needs=[criterion])


def effect(**what: Any) -> Callable[[Files], None]:
    """Gives the permit one effect."""
    return change("interventions", "permit", sets=[what])


# what is wrong: (the change, the file, the entry, what the report says)
MISTAKES: dict[str, tuple[Callable[[Files], None], str, str, str]] = {
    "an unknown key": (
        change("signals", "paper", kinds="yes_no"),
        "signals.toml",
        "signal paper",
        "Did you mean kind?",
    ),
    "an unknown key in a criterion": (need(signal="paper", iss=True), "interventions.toml", "permit", "asked nothing"),
    "an unknown kind": (
        change("signals", "paper", kind="yesno"),
        "signals.toml",
        "signal paper",
        "Did you mean yes_no?",
    ),
    "an unknown signal": (need(signal="papr", **{"is": True}), "interventions.toml", "permit", "Did you mean paper?"),
    "an unknown step": (need(step="P7"), "interventions.toml", "permit", "Choose one of P1"),
    "an unknown code": (
        need(signal="colour", **{"is": "red"}),
        "interventions.toml",
        "permit",
        "Choose one of a, b, c",
    ),
    "an unknown tier": (
        change("products", "gift", tier="middle"),
        "products.toml",
        "product gift",
        "which does not exist",
    ),
    "an unknown scheme": (
        change("products", "loan", scheme="kur"),
        "products.toml",
        "product loan",
        "which does not exist",
    ),
    "an unknown product to close": (
        change("products", "gift", closes=["lon"]),
        "products.toml",
        "gift",
        "Did you mean loan?",
    ),
    "an unknown term": (
        change("products", "gift", terms_unknown=["min"]),
        "products.toml",
        "gift",
        "which does not exist",
    ),
    "an unknown programme of a tier": (
        change("tiers", "low", programme="tlk"),
        "tiers.toml",
        "tier low",
        "Did you mean talk?",
    ),
    "a missing language": (
        change("signals", "paper", label={"id": "kata"}),
        "signals.toml",
        "signal paper",
        "Add label.en",
    ),
    "an empty text": (
        change("signals", "paper", label={"id": "kata", "en": " "}),
        "signals.toml",
        "paper",
        "Add label.en",
    ),
    "a language too many": (
        change("steps", "P1", name={**WORDS, "nl": "w"}),
        "steps.toml",
        "step P1",
        "unknown language 'nl'",
    ),
    "another pair of languages": (
        change("programme", "programme", languages=["id"]),
        "programme.toml",
        "programme",
        "en",
    ),
    "a text that is no table": (change("signals", "paper", label="kata"), "signals.toml", "signal paper", "Write"),
    "no label": (change("signals", "paper", label=None), "signals.toml", "signal paper", "Add label"),
    "no source": (change("signals", "paper", our_choice=None), "signals.toml", "signal paper", "nothing says where"),
    "a source without a date": (
        change("signals", "paper", source=[{"url": "https://x.id"}]),
        "signals.toml",
        "signal paper",
        "Add date",
    ),
    "a source that is no address": (
        change("signals", "paper", source=[{"url": "x.id", "date": date(2020, 1, 1)}]),
        "signals.toml",
        "signal paper",
        "https://",
    ),
    "dates out of order": (
        change("signals", "paper", valid_from=date(2020, 1, 2), valid_to=date(2020, 1, 1)),
        "signals.toml",
        "signal paper",
        "Put the dates in order",
    ),
    "a date in quotes": (
        change("signals", "paper", valid_from="2020-01-01"),
        "signals.toml",
        "signal paper",
        "valid_from",
    ),
    "overlapping dates": (
        twice("products", "gift", valid_from=date(2020, 1, 1)),
        "products.toml",
        "gift",
        "stands twice on the same days",
    ),
    "the same step twice": (twice("steps", "P1"), "steps.toml", "P1", "stands twice"),
    "an effect the wrong way": (effect(signal="paper", to=False), "interventions.toml", "permit", "the wrong way"),
    "a ceiling on what should grow": (
        effect(signal="books", at_most=3),
        "interventions.toml",
        "permit",
        "the wrong way",
    ),
    "a floor under what should fall": (
        effect(signal="debt", at_least=3),
        "interventions.toml",
        "permit",
        "the wrong way",
    ),
    "a value set where a bound is safe": (
        effect(signal="books", to=3),
        "interventions.toml",
        "permit",
        "the wrong way",
    ),
    "an effect on profit": (effect(signal="profit", at_least=3), "interventions.toml", "permit", "cite evidence"),
    "an effect of no kind": (effect(signal="paper"), "interventions.toml", "permit", "it changes nothing"),
    "an effect that does not fit": (
        effect(signal="paper", at_least=1),
        "interventions.toml",
        "permit",
        "cannot be done",
    ),
    "an effect without the other branch": (
        change("interventions", "permit", otherwise=None),
        "interventions.toml",
        "permit",
        "Add otherwise",
    ),
    "a figure out of range": (need(signal="books", at_least=51), "interventions.toml", "permit", "Stay within 0 to 50"),
    "a range the wrong way round": (
        change("signals", "books", minimum=60),
        "signals.toml",
        "signal books",
        "above maximum",
    ),
    "a range without end": (change("signals", "books", maximum=10**16), "signals.toml", "signal books", "Narrow it"),
    "an operator that does not fit": (
        need(signal="colour", at_least=1),
        "interventions.toml",
        "permit",
        "cannot be asked",
    ),
    "a truth that is none": (need(signal="paper", **{"is": 1}), "interventions.toml", "permit", "true or false"),
    "a number in quotes": (need(signal="books", at_least="3"), "interventions.toml", "permit", "whole number"),
    "a code that is no list": (need(signal="lists", includes="a"), "interventions.toml", "permit", "Write a list"),
    "days before today": (need(signal="day", within_days=-1), "interventions.toml", "permit", "0 or more"),
    "two questions in one": (need(signal="books", at_least=1, at_most=2), "interventions.toml", "permit", "two things"),
    "an empty group": (need(any=[]), "interventions.toml", "permit", "is empty"),
    "no criterion": (need(signals="paper"), "interventions.toml", "permit", "no criterion"),
    "negative days": (
        change("interventions", "permit", days={"value": -1, **OURS}),
        "interventions.toml",
        "permit days",
        "Write 0 or more",
    ),
    "a cost of nobody": (
        change("interventions", "permit", cost_idr={"value": 1}),
        "interventions.toml",
        "permit cost_idr",
        "nobody is named",
    ),
    "a cost that is no money": (
        change("interventions", "permit", cost_idr={"signal": "books"}),
        "interventions.toml",
        "permit",
        "Name a signal of money",
    ),
    "a start that is no date": (
        change("interventions", "permit", starts_on=[3]),
        "interventions.toml",
        "permit",
        "dates only",
    ),
    "amounts out of order": (
        change("products", "gift", min_amount_idr=2, max_amount_idr=1),
        "products.toml",
        "product gift",
        "Put them in order",
    ),
    "a form that does not fit": (
        change("products", "gift", form=["sharia"]),
        "products.toml",
        "product gift",
        "form is",
    ),
    "a tenor of no months": (
        change("products", "loan", tenor_months={"any": 0}),
        "products.toml",
        "loan",
        "tenor_months.any",
    ),
    "a rate beyond reason": (
        change("products", "loan", prices=[{"rate_percent": -1, "basis": "effective"}]),
        "products.toml",
        "product loan",
        "rate",
    ),
    "an unknown basis": (
        change("products", "loan", prices=[{"rate_percent": 6, "basis": "efektif"}]),
        "products.toml",
        "product loan prices 1",
        "Choose one of",
    ),
    "group lending without such a signal": (
        change("products", "loan", group_lending=True),
        "products.toml",
        "product loan",
        "lending_group",
    ),
    "a protected signal that is scored": (
        change("signals", "paper", protected=True),
        "signals.toml",
        "paper",
        "scored = false",
    ),
    "a direction of a choice": (change("signals", "colour", direction=1), "signals.toml", "signal colour", "Write 0"),
    "a choice without values": (
        change("signals", "colour", values=None),
        "signals.toml",
        "signal colour",
        "Add values",
    ),
    "a role twice": (change("signals", "books", role="amount_asked"), "signals.toml", "file", "stands twice"),
    "a role that nobody has": (change("signals", "profit", role=None), "signals.toml", "file", "monthly_profit"),
    "a growth that is no number": (
        change("signals", "paper", grows={"every": "month"}),
        "signals.toml",
        "paper",
        "Remove grows",
    ),
    "a signal derived from itself": (
        change("signals", "paper", derived=[{"signal": "paper", "is": True}]),
        "signals.toml",
        "signal paper",
        "Break the circle",
    ),
    "a least value of another kind": (
        change("signals", "books", at_least_signal="debt"),
        "signals.toml",
        "signal books",
        "another kind",
    ),
    "a last tier with a rule": (
        change("tiers", "low", rule=[{"signal": "running", "is": True}]),
        "tiers.toml",
        "file",
        "the last tier",
    ),
    "a tier without a rule": (change("tiers", "high", rule=None), "tiers.toml", "tier high", "Add rule"),
    "a tier's rule with a wrong setting": (
        change("tiers", "high", rule=[{"product_in_reach": {"days": 3}}]),
        "tiers.toml",
        "tier high",
        "product_in_reach",
    ),
    "a setting without a source": (
        setting("goal", {"horizon_days": 180}),
        "tiers.toml",
        "file goal",
        "nothing says where",
    ),
    "a setting that is text": (
        setting("goal", {"horizon_days": "180", **OURS}),
        "tiers.toml",
        "file goal",
        "horizon_days",
    ),
    "another format": (change("programme", "programme", format=2), "programme.toml", "programme", "reads format 1"),
    "no format": (change("programme", "programme", format=None), "programme.toml", "programme", "reads format 1"),
    "a table under a wrong name": (
        lambda files: files["steps"].update(stap=files["steps"].pop("step")),
        "steps.toml",
        "file",
        "Did you mean step?",
    ),
}


def problems(folder: Path) -> list[Any]:
    with pytest.raises(ProgrammeError) as error:
        load_programme(folder)
    return list(error.value.problems)


def test_a_programme_without_a_mistake_loads():
    assert load(good()).id == "small"


@pytest.mark.parametrize("folder", [OKOCE, WARMI], ids=["okoce", "warmi"])
def test_the_good_folders_load(folder: Path):
    programme = load_programme(folder)
    assert programme.steps
    assert programme.digest == load_programme(folder).digest


@pytest.mark.parametrize(("mistake", "file", "entry", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_reported_with_its_file_its_entry_and_what_to_do(
    tmp_path: Path, mistake: Callable[[Files], None], file: str, entry: str, said: str
):
    files = good()
    mistake(files)
    found = problems(write_programme(tmp_path, files))
    fitting = [p for p in found if p.file == file and entry in p.entry and said in str(p)]
    assert fitting, [str(problem) for problem in found]
    assert all(problem.what and problem.remedy.rstrip().endswith((".", "?")) for problem in found)


def test_several_mistakes_are_reported_at_once(tmp_path: Path):
    files = good()
    names = ["a missing language", "an unknown basis", "no source", "negative days", "a tenor of no months"]
    for name in names:
        MISTAKES[name][0](files)
    found = problems(write_programme(tmp_path, files))
    assert {problem.file for problem in found} == {"signals.toml", "products.toml", "interventions.toml"}
    for name in names:
        _, file, entry, said = MISTAKES[name]
        assert any(p.file == file and entry in p.entry and said in str(p) for p in found)


@pytest.mark.parametrize("file", FILES)
def test_a_missing_file_is_named(tmp_path: Path, file: str):
    write_programme(tmp_path, good())
    (tmp_path / f"{file}.toml").unlink()
    [problem] = problems(tmp_path)
    assert (problem.file, problem.remedy) == (f"{file}.toml", "Add the file.")


def test_a_missing_folder_names_every_file(tmp_path: Path):
    assert [problem.file for problem in problems(tmp_path / "nowhere")] == [f"{file}.toml" for file in FILES]


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"[[signal]\n", "is not TOML"), (b'id = "\xff"\n', "is no UTF-8"), (b"a = 1\na = 2\n", "is not TOML")],
    ids=["broken TOML", "bad UTF-8", "a key twice"],
)
def test_a_file_that_cannot_be_read_is_named_with_the_place(tmp_path: Path, content: bytes, said: str):
    write_programme(tmp_path, good())
    (tmp_path / "signals.toml").write_bytes(content)
    [problem] = problems(tmp_path)
    assert (problem.file, said in problem.what) == ("signals.toml", True)


@pytest.mark.parametrize("content", [b"signal = 3\n", b"signal = [3]\n", b'signal = ["x"]\n', b"[signal]\n", b""])
def test_a_file_of_another_shape_is_reported_not_stumbled_over(tmp_path: Path, content: bytes):
    write_programme(tmp_path, good())
    (tmp_path / "signals.toml").write_bytes(content)
    assert problems(tmp_path)


@pytest.mark.parametrize("value", [3, "x", True, [], {}, [3], [[]], [{}]], ids=repr)
@pytest.mark.parametrize("file", ["signals", "interventions", "products", "steps", "tiers"])
def test_a_value_of_another_type_is_reported_not_stumbled_over(tmp_path: Path, file: str, value: Any):
    """Every key of an entry, with a value of each type in turn: a report or a programme, never another error."""
    name = {"signals": "colour", "interventions": "permit", "products": "loan", "steps": "P1", "tiers": "high"}[file]
    for number, key in enumerate(row(good(), file, name)):
        files = good()
        row(files, file, name)[key] = value
        folder = tmp_path / str(number)
        folder.mkdir()
        try:
            load_programme(write_programme(folder, files))
        except ProgrammeError as error:
            assert error.problems


def test_any_byte_changed_changes_the_digest(tmp_path: Path):
    first = load_programme(write_programme(tmp_path, good())).digest
    (tmp_path / "steps.toml").write_bytes((tmp_path / "steps.toml").read_bytes() + b"\n")
    assert load_programme(tmp_path).digest != first


def test_the_same_id_may_stand_twice_on_other_days(tmp_path: Path):
    files = good()
    row(files, "products", "gift")["valid_to"] = date(2019, 12, 31)
    twice("products", "gift", valid_from=date(2020, 1, 1), valid_to=date(2030, 1, 1), max_amount_idr=7)(files)
    programme = load(files)
    ceilings = [rules_on(programme, date(year, 6, 1)).product_ids["gift"].entry.max_amount_idr for year in (2019, 2020)]
    assert ceilings == [None, 7]


@pytest.mark.parametrize("day", [date(1999, 12, 31), date(2031, 1, 1)])
def test_a_day_outside_the_programme_is_refused(day: date):
    files = good()
    files["programme"]["valid_to"] = date(2030, 12, 31)
    with pytest.raises(ValueError, match="outside the programme's dates"):
        rules_on(load(files), day)
