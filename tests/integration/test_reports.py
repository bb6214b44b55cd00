"""Reports on campaigns: of rows that were played, of rows in which something was planted, and of wrong files."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auctioneer.cli import main
from auctioneer.cli.report import SECTION_NAMES
from openoutcry.errors import CampaignError
from openoutcry.lab.campaigns.campaign import loads
from openoutcry.lab.campaigns.manifest import Circumstances, describe
from openoutcry.lab.campaigns.running import MANIFEST_FILE, ROWS_FILE, open_directory, run_campaign
from openoutcry.lab.reporting import exact
from openoutcry.lab.reporting.document import report_document
from openoutcry.lab.reporting.formatting import show_short_percent
from openoutcry.lab.reporting.matrix_charts import LOSES, NEVER, kind_of
from openoutcry.lab.reporting.report import make_report
from openoutcry.lab.reporting.result import RowReader, open_result
from openoutcry.lab.reporting.sections import SECTIONS, report_figures
from tests.integration.campaign_engines import Inline

CAMPAIGN = """
format = "openoutcry-campaign/1"
title = "A <campaign> & its report"
replications = 30

[[mechanism]]
name = "signal-discovery"
pricing = ["welfare", "revenue"]

[[mechanism]]
name = "uniform-clock"

[[instances]]
generator = "linear"
bidders = [3, 4]
markets = 12

[[instances]]
generator = "adversarial"

[[strategies]]
everyone = "truthful"

[[strategies]]
observed = "shade:levels=1"
"""

CROWD = """
format = "openoutcry-campaign/1"
title = "Types"
replications = 12
optimal_revenue = true
conversation = true

[[mechanism]]
name = "crowdsourced-lookahead-plus"
reward = "1/7"

[[mechanism]]
name = "vickrey"

[[instances]]
generator = "iid-values"
bidders = 2
types = 2
markets = 3
"""


def play(text: str, directory: Path) -> Path:
    """Play a campaign, and leave its result in a directory."""
    campaign, engine = loads(text), Inline()
    with open_directory(campaign, directory, restart=False):
        finished = run_campaign(campaign, directory, engine, tell=lambda count: None)
    circumstances = Circumstances(
        command=["auctioneer", "sweep", "a b.toml"], engine="inline", workers=1, seconds=1
    )
    manifest = describe(campaign, finished, circumstances, directory)
    (directory / MANIFEST_FILE).write_text(json.dumps(manifest), encoding="utf-8")
    return directory


@pytest.fixture(scope="module")
def played(tmp_path_factory) -> Path:
    """Return the result of a campaign of signals."""
    return play(CAMPAIGN, tmp_path_factory.mktemp("signals") / "out")


@pytest.fixture(scope="module")
def crowd(tmp_path_factory) -> Path:
    """Return the result of a campaign of types, with optimal revenues and conversations."""
    return play(CROWD, tmp_path_factory.mktemp("types") / "out")


def document(result: Path) -> dict[str, Any]:
    """Return the statistics of a result."""
    return report_document(make_report(open_result(result), tell=lambda done, total: None))


def plant(source: Path, target: Path, change: Callable[[pa.Table], dict[str, np.ndarray]]) -> Path:
    """Copy a result, change columns of integers in its rows, and let the manifest tell of the new rows."""
    shutil.copytree(source, target)
    rows = pq.read_table(target / ROWS_FILE)
    for name, values in change(rows).items():
        integers = pa.array(values.astype(np.int64))
        for column, made in ((f"{name}_integer", integers), (name, integers.cast(pa.float64(), safe=False))):
            place = rows.schema.get_field_index(column)
            rows = rows.set_column(place, rows.schema.field(place), made)
    pq.write_table(rows, target / ROWS_FILE)
    manifest = json.loads((target / MANIFEST_FILE).read_text())
    manifest["rows"]["sha256"] = hashlib.sha256((target / ROWS_FILE).read_bytes()).hexdigest()
    (target / MANIFEST_FILE).write_text(json.dumps(manifest))
    return target


def found(comparisons: list[dict[str, Any]], quantity: str, instances: str) -> list[dict[str, Any]]:
    """Return comparisons of a quantity on some instances."""
    return [
        one
        for one in comparisons
        if one["quantity"] == quantity and one["first"]["instances"].startswith(instances)
    ]


def test_a_planted_difference_between_mechanisms_is_found_and_a_null_is_not(played, tmp_path):
    """The uniform clock is given a tenth of the optimum more revenue than signal discovery; welfare is left alike."""

    def change(rows: pa.Table) -> dict[str, np.ndarray]:
        rng = np.random.default_rng(6)
        # Large enough that rounding to integers does not matter.
        optimum = rows["optimum"].to_numpy() * 1000
        mechanism = np.array(rows["mechanism"].to_pylist())
        base = np.round(optimum * 0.4 + optimum * rng.normal(0, 0.05, len(optimum)))
        return {
            "optimum": optimum,
            "revenue": base + (mechanism == "uniform-clock") * np.round(optimum * 0.1),
            "welfare": np.round(optimum * 0.6 + optimum * rng.normal(0, 0.05, len(optimum))),
        }

    told = document(plant(played, tmp_path / "planted", change))
    for one in found(told["mechanisms"], "revenue", "linear"):
        is_clock = one["first"]["mechanism"] == "uniform-clock"
        assert one["is_significant"] == is_clock
        if is_clock:
            assert one["share_of_optimum"]["value"] == pytest.approx(0.1, abs=0.02)
            assert one["share_of_optimum"]["low"] > 0.05
    assert not any(one["is_significant"] for one in found(told["mechanisms"], "welfare", "linear"))


def test_a_lie_that_was_made_to_pay_is_found(played, tmp_path, capsys):
    """Shading is given one more in every auction of the uniform clock on the larger markets, and nowhere else."""

    def change(rows: pa.Table) -> dict[str, np.ndarray]:
        mechanism, instances, strategies = (
            np.array(rows[name].to_pylist()) for name in ("mechanism", "instances", "strategies")
        )
        pays = (mechanism == "uniform-clock") & (instances == "linear:bidders=4") & (strategies != "truthful")
        return {"utility": 5 + pays}

    result = plant(played, tmp_path / "planted", change)
    told = document(result)
    gains = [one for one in told["strategies"] if one["is_significant"]]
    assert [(one["first"]["mechanism"], one["first"]["instances"], one["way"]) for one in gains] == [
        ("uniform-clock", "linear:bidders=4", "alone")
    ]
    assert gains[0]["difference"]["exact"] == "1"
    assert main(["report", str(result)]) == 0
    assert (
        "Lies: 1 of 9 gain significantly: shade:levels=1 among truthful in uniform-clock"
        in capsys.readouterr().out
    )


def test_a_guarantee_that_is_missed_is_told(played, tmp_path, capsys):
    """With no welfare at all every promise of signal discovery is missed, and what is played keeps them all."""
    assert not any(one["is_broken"] for one in document(played)["bounds"])
    result = plant(
        played,
        tmp_path / "planted",
        lambda rows: {"welfare": np.zeros(len(rows)), "revenue": np.zeros(len(rows))},
    )
    bounds = document(result)["bounds"]
    assert {one["is_broken"] for one in bounds if one["kind"] != "impossible"} == {True}
    assert {one["is_broken"] for one in bounds if one["kind"] == "impossible"} == {False}
    assert main(["report", str(result), "--only", "bounds"]) == 0
    assert "MISSED" in capsys.readouterr().out
    assert "MISSED" in (result / "report.html").read_text()


def test_means_are_exact(crowd):
    """Sums of fractions are those of adding them up one by one; the figure is the nearest float."""
    rows = pq.read_table(crowd / ROWS_FILE)
    told = document(crowd)
    has_fractions = False
    for cell in told["cells"]:
        here = np.array(rows["cell"]) == cell["cell"]
        for name in ("revenue", "utility", "optimal_revenue"):
            texts = np.array(rows[f"{name}_fraction"].to_pylist())[here]
            integers = np.array(rows[f"{name}_integer"].to_pylist(), dtype=object)[here]
            numbers = [
                Fraction(text if text is not None else int(number))
                for text, number in zip(texts, integers, strict=True)
            ]
            has_fractions = has_fractions or any(number.denominator > 1 for number in numbers)
            mean = sum(numbers, Fraction(0)) / len(numbers)
            assert cell["means"][name]["exact"] == str(mean)
            assert cell["means"][name]["value"] == float(mean)
    assert has_fractions


def test_sums_beyond_64_bits_are_exact(played, tmp_path):
    """Numbers near 2^63 are added up in halves."""
    large = 2**63 - 1
    result = plant(
        played, tmp_path / "large", lambda rows: {"welfare": np.full(len(rows), large, dtype=np.int64)}
    )
    means = exact.exact_means(open_result(result))
    assert {mean["welfare"] for mean in means} == {Fraction(large)}


def test_types_have_optimal_revenue_and_conversations(crowd):
    """Revenue is told as a share of the best there is, and how many questions that took."""
    told = document(crowd)
    for cell in told["cells"]:
        assert {"waves", "questions", "optimal_revenue"} <= cell["means"].keys()
        share = cell["shares"]["optimal_revenue_share"]["ratio_of_sums"]
        assert Fraction(share["exact"]) == Fraction(cell["means"]["revenue"]["exact"]) / Fraction(
            cell["means"]["optimal_revenue"]["exact"]
        )
    assert {one["of"] for one in told["bounds"] if one["kind"] == "ours"} >= {"optimal_revenue_share"}


def test_growth_is_a_line_for_each_mechanism(played):
    """The number of bidders varies among linear markets, and nothing among adversarial ones."""
    lines = document(played)["growth"]
    assert {(line["parameter"], line["generator"]) for line in lines} == {("bidders", "linear")}
    assert [point["value"] for point in lines[0]["points"]] == ["3", "4"]
    assert len(lines) == 3 * 2


def test_cells_are_read_from_wherever_their_rows_lie(played, tmp_path):
    """Row groups of 101 rows, which cells begin and end in the middle of, are the same cells."""
    shutil.copytree(played, tmp_path / "packed")
    pq.write_table(pq.read_table(played / ROWS_FILE), tmp_path / "packed" / ROWS_FILE, row_group_size=101)
    packed, plain = open_result(tmp_path / "packed"), open_result(played)
    for cell in plain.campaign.cells:
        columns = RowReader(plain).read(cell)
        for name, values in RowReader(packed).read(cell).items():
            np.testing.assert_array_equal(values, columns[name])
    assert exact.exact_means(packed) == exact.exact_means(plain)


def test_the_same_result_makes_the_same_page_wherever_it_lies(played, tmp_path):
    """Byte for byte: no time, place or name of a file stands in it but those of the campaign."""
    shutil.copytree(played, tmp_path / "elsewhere")
    pages = []
    for number, name in enumerate((played, tmp_path / "elsewhere" / ROWS_FILE)):
        page = tmp_path / f"{number}.html"
        assert main(["report", str(name), "--out", str(page), "--only", "strategies"]) == 0
        pages.append(page.read_bytes())
    assert pages[0] == pages[1]


def test_a_page_has_every_section_and_lies_beside_the_rows(played, capsys):
    """All that was typed stands in it as text, and the last line says where it is."""
    assert main(["report", str(played)]) == 0
    page = played / "report.html"
    assert capsys.readouterr().out.splitlines()[-1] == f"report of 4,500 auctions: {page}"
    text = page.read_text(encoding="utf-8")
    # Nobody counted this campaign's conversations.
    assert text.count("<h2 id=") == 2 + len(SECTIONS) - 1
    assert "A &lt;campaign&gt; &amp; its report" in text
    assert "auctioneer sweep &#x27;a b.toml&#x27;" in text


def test_a_result_is_named_by_its_directory_its_manifest_or_its_rows(played):
    """All three open the same."""
    assert open_result(played) == open_result(played / MANIFEST_FILE) == open_result(played / ROWS_FILE)


def test_a_page_is_written_over_and_nothing_else_is(played, tmp_path, capsys):
    """An older report gives way; rows, notes and directories do not."""
    page, notes = tmp_path / "page.html", tmp_path / "notes.html"
    notes.write_text("mine")
    for _ in range(2):
        assert main(["report", str(played), "--out", str(page), "--only", "cells"]) == 0
    capsys.readouterr()
    for wrong in (notes, played / ROWS_FILE, tmp_path):
        assert main(["report", str(played), "--out", str(wrong)]) == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert notes.read_text() == "mine"


def test_sections_can_be_chosen(played, tmp_path, capsys):
    """One section beside what was played and found; its pictures alone are written, in either format."""
    assert tuple(SECTIONS) == SECTION_NAMES
    page, folder = tmp_path / "page.html", tmp_path / "figures"
    arguments = ["report", str(played), "--out", str(page), "--only", "strategies", "--figures", str(folder)]
    assert main([*arguments, "--format", "png"]) == 0
    assert main(arguments) == 0
    assert page.read_text().count("<h2 id=") == 3
    assert sorted(path.name for path in folder.iterdir()) == ["strategy-gains.png", "strategy-gains.svg"]
    assert "picture: " in capsys.readouterr().out


def test_pictures_can_be_chosen(played, tmp_path, capsys):
    """Those named are written and no others; a name that is not there is told with those that are."""
    folder = tmp_path / "figures"
    arguments = ["report", str(played), "--figures", str(folder), "--picture"]
    assert main([*arguments, "welfare-share"]) == 0
    assert [path.name for path in folder.iterdir()] == ["welfare-share.svg"]
    assert main([*arguments, "welfare-shares"]) == 2
    assert "did you mean 'welfare-share'?; there are welfare-share, " in capsys.readouterr().err
    assert main(["report", str(played), "--picture", "welfare-share"]) == 2
    assert "--figures" in capsys.readouterr().err


def test_conversations_that_were_counted_are_drawn(crowd, tmp_path):
    """Waves and questions of each mechanism have a section and a picture of their own."""
    assert main(["report", str(crowd), "--only", "conversation", "--figures", str(tmp_path)]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["conversation.svg"]
    drawn = (tmp_path / "conversation.svg").read_text()
    assert all(
        word in drawn for word in (">waves<", ">questions<", ">vickrey<", ">crowdsourced-lookahead-plus<")
    )


MANY_LIES = """
format = "openoutcry-campaign/1"
title = "Many lies"
replications = 20

[[mechanism]]
name = "vickrey"

[[instances]]
generator = "iid-values"
markets = 12

[[strategies]]
everyone = "truthful"
[[strategies]]
observed = "overstay"
[[strategies]]
observed = "overstay:levels=2"
[[strategies]]
observed = "shade"
[[strategies]]
observed = "silent"
[[strategies]]
observed = "ignorant"
"""


def test_many_strategies_have_a_field_each(tmp_path):
    """A field says how much, and whether that is significant; where nothing ever changes it says so."""
    result = play(MANY_LIES, tmp_path / "out")
    made = make_report(open_result(result), tell=lambda done, total: None)
    kinds = {one.first.observed: kind_of(one) for one in made.strategies}
    assert kinds["overstay:levels=2"] == LOSES
    assert kinds["ignorant"] == NEVER
    (figure,) = report_figures(made, only=["strategies"])
    fields = figure.spec["data"]["values"]
    assert {field["quantity"] for field in fields} == set(kinds)
    assert {field["words"] for field in fields if field["quantity"] == "ignorant"} == {"0"}
    assert main(["report", str(result), "--only", "strategies", "--figures", str(tmp_path / "figures")]) == 0
    assert "no difference in any auction" in (tmp_path / "figures/strategy-gains.svg").read_text()


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0.0, "0"), (0.025, "+2.5%"), (-0.000314, "\u22120.031%"), (1.204, "+120%"), (-3.4e-12, "\u22123e-10%")],
)
def test_short_percentages_say_something(share: float, shown: str):
    """Two digits, however small."""
    assert show_short_percent(share) == shown


def test_programs_get_one_object_and_no_page(played, tmp_path, capsys):
    """Strict JSON, with a page only when one is asked for."""

    def refuse(text: str) -> None:
        raise AssertionError(text)

    assert main(["report", str(played), "--json"]) == 0
    told = json.loads(capsys.readouterr().out, parse_constant=refuse)
    assert told["page"] is None
    assert len(told["cells"]) == 18
    assert {**told, "page": 0, "pictures": 0} == {**document(played), "page": 0, "pictures": 0}
    arguments = ["report", str(played), "--json", "--only", "cells", "--out", str(tmp_path / "page.html")]
    assert main(arguments) == 0
    assert json.loads(capsys.readouterr().out)["page"] == str(tmp_path / "page.html")


def spoil_rows(directory: Path) -> None:
    """Change one bit in the middle of the rows."""
    data = bytearray((directory / ROWS_FILE).read_bytes())
    data[len(data) // 2] ^= 1
    (directory / ROWS_FILE).write_bytes(bytes(data))


def spoil_manifest(**changes: object) -> Callable[[Path], None]:
    """Return what changes keys of a manifest."""

    def spoil(directory: Path) -> None:
        manifest = json.loads((directory / MANIFEST_FILE).read_text())
        (directory / MANIFEST_FILE).write_text(json.dumps({**manifest, **changes}))

    return spoil


def swap_rows(directory: Path) -> None:
    """Put rows of which one cell is cut off in the place of the rows."""
    pq.write_table(pq.read_table(directory / ROWS_FILE).slice(30), directory / ROWS_FILE)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (spoil_rows, "holds other rows than"),
        (swap_rows, "holds other rows than"),
        (lambda directory: (directory / ROWS_FILE).write_bytes(b""), "holds other rows than"),
        (lambda directory: (directory / ROWS_FILE).unlink(), "is not there"),
        (lambda directory: (directory / MANIFEST_FILE).unlink(), "holds no manifest.json"),
        (lambda directory: (directory / MANIFEST_FILE).write_text("{"), "is not JSON"),
        (spoil_manifest(versions=None), "versions: must be a table"),
        (spoil_manifest(command=[1]), r"command\[0\]: must be text in quotes"),
        (
            spoil_manifest(campaign={"text": "", "sha256": "", "file": "", "directory": ""}),
            "is not what its sha256 says",
        ),
    ],
)
def test_a_result_that_does_not_hold_together_is_refused(played, tmp_path, capsys, spoil, words):
    """In one line, with nothing written."""
    directory = tmp_path / "spoilt"
    shutil.copytree(played, directory, ignore=shutil.ignore_patterns("*.html"))
    spoil(directory)
    with pytest.raises(CampaignError, match=words):
        open_result(directory)
    assert main(["report", str(directory)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (directory / "report.html").exists()


def test_nothing_there_is_told_with_advice(tmp_path, capsys):
    """Neither a wrong name nor a directory of something else is a result."""
    assert main(["report", str(tmp_path / "no")]) == 2
    assert "auctioneer sweep" in capsys.readouterr().err
    assert main(["report", str(tmp_path)]) == 2
    assert "holds no manifest.json" in capsys.readouterr().err


def test_too_many_rows_to_compare_are_refused_up_front(played, monkeypatch, capsys):
    """With their number, the limit and what to do."""
    monkeypatch.setattr("openoutcry.lab.reporting.report.ROWS_LIMIT", 1000)
    assert main(["report", str(played)]) == 2
    assert (
        "2,160 rows with the same instances are compared in memory, at most 1,000" in capsys.readouterr().err
    )
