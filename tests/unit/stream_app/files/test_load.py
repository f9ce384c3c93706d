"""`rapport load`: rows become events by a mapping, and whatever is wrong is named by file, row and field."""

import json
import math
import zipfile
from pathlib import Path

import pytest

from stream_app.files.load import convert, key_of
from stream_app.files.mapping import MappingError, load_mapping
from tests.commands import MAPPINGS, rapport

PAYMENTS = """
[source]
delimiter = ";"

[[event]]
topic = "transactions"

[event.fields]
event_id = "p-{id}"
customer_id = "C{who}"
"""


@pytest.fixture
def mapped(tmp_path):
    """Write a mapping and a file, and give the events of the file."""

    def convert_text(mapping, text, name="rows.csv"):
        source = tmp_path / name
        source.write_text(text, encoding="utf-8")
        return list(convert(source, load_mapping(written(tmp_path, mapping))))

    return convert_text


def written(directory, mapping):
    path = directory / "map.toml"
    path.write_text(mapping, encoding="utf-8")
    return path


def one_field(rule, column="x"):
    """A mapping of a CSV file to one field `f`."""
    return f'[[event]]\ntopic = "transactions"\n[event.fields]\nf = {rule}\n'


# -- rows -----------------------------------------------------------------------------------------------------------


def test_a_row_of_a_csv_file_becomes_an_event(mapped):
    assert mapped(PAYMENTS, "id;who\n1;7\n2;8\n") == [
        ("transactions", {"event_id": "p-1", "customer_id": "C7"}),
        ("transactions", {"event_id": "p-2", "customer_id": "C8"}),
    ]


def test_lines_of_json_are_rows_too(mapped):
    mapping = PAYMENTS.replace('delimiter = ";"', 'format = "jsonl"')
    assert mapped(mapping, '{"id": 1, "who": "七"}\n\n{"id": 2, "who": "八"}\n') == [
        ("transactions", {"event_id": "p-1", "customer_id": "C七"}),
        ("transactions", {"event_id": "p-2", "customer_id": "C八"}),
    ]


def test_columns_between_blanks_get_their_names_from_the_mapping(mapped):
    mapping = PAYMENTS.replace('delimiter = ";"', 'format = "whitespace"\nskip_lines = 1\ncolumns = ["id", "who"]')
    assert mapped(mapping, "number  customer\n  1    7\n 2  8 \n") == [
        ("transactions", {"event_id": "p-1", "customer_id": "C7"}),
        ("transactions", {"event_id": "p-2", "customer_id": "C8"}),
    ]


def test_a_file_may_lie_in_a_zip(tmp_path):
    archive = tmp_path / "bank.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("inner/rows.csv", "id;who\n1;7\n")
    mapping = load_mapping(written(tmp_path, PAYMENTS.replace("[source]", '[source]\nmember = "inner/rows.csv"')))
    assert list(convert(archive, mapping)) == [("transactions", {"event_id": "p-1", "customer_id": "C7"})]


def test_rows_are_sorted_where_the_mapping_asks_for_it_and_equal_ones_keep_their_order(mapped):
    mapping = PAYMENTS.replace("[source]", '[source]\nsort = "who"')
    assert [event["event_id"] for _, event in mapped(mapping, "id;who\n1;9\n2;7\n3;9\n4;7\n")] == [
        "p-2", "p-4", "p-1", "p-3",
    ]  # fmt: skip


def test_one_row_can_be_several_events_each_under_its_condition(mapped):
    mapping = """
        [[event]]
        topic = "interactions"
        fields = { event_id = "i-{row}" }
        [[event]]
        topic = "outcomes"
        when = { y = ["yes", "ja"] }
        fields = { event_id = "o-{row}" }
    """
    events = mapped(mapping, "y\nyes\nno\nja\n")
    assert [event["event_id"] for _, event in events] == ["i-1", "o-1", "i-2", "i-3", "o-3"]


# -- fields ---------------------------------------------------------------------------------------------------------


def test_a_date_gets_a_time_that_keeps_the_order_of_its_day(mapped):
    rule = '{ template = "{x}", date = "%y%m%d", spread = 1, zone = "Z" }'
    assert [event["f"] for _, event in mapped(one_field(rule), "x\n950101\n950101\n950102\n950101\n")] == [
        "1995-01-01T00:00:00Z",
        "1995-01-01T00:00:01Z",
        "1995-01-02T00:00:00Z",
        "1995-01-01T00:00:02Z",
    ]


def test_a_day_never_spills_into_the_next(mapped):
    rule = '{ template = "{x}", date = "%y%m%d", spread = 50000 }'
    assert [event["f"] for _, event in mapped(one_field(rule), "x\n950101\n950101\n950101\n")] == [
        "1995-01-01T00:00:00+00:00",
        "1995-01-01T13:53:20+00:00",
        "1995-01-01T23:59:59+00:00",
    ]


def test_values_are_mapped_and_those_that_the_map_does_not_name_get_the_default(mapped):
    rule = '{ template = "{x}|{y}", map = { "a|b" = "card" }, default = "other" }'
    assert [event["f"] for _, event in mapped(one_field(rule), "x,y\na,b\na,c\n")] == ["card", "other"]


def test_a_value_that_says_nothing_leaves_its_field_out(mapped):
    rule = '{ template = "{x}", absent = ["", "0"] }'
    assert [event for _, event in mapped(one_field(rule), "x,y\n0,1\n,1\n5,1\n")] == [{}, {}, {"f": "5"}]


def test_a_number_is_written_as_a_number(mapped):
    assert mapped(one_field('{ template = "{x}", number = true }'), "x\n7.5\n") == [("transactions", {"f": 7.5})]


@pytest.mark.parametrize(
    ("topic", "event", "key"),
    [
        ("transactions", {"customer_id": "C1"}, "C1"),
        ("mentions", {"platform": "weibo", "author": "张三"}, "weibo:张三"),
    ],
)
def test_the_key_is_the_customer_or_the_author_on_his_platform(topic, event, key):
    assert key_of(topic, event) == key


@pytest.mark.parametrize(("topic", "missing"), [("transactions", "customer_id"), ("mentions", "platform")])
def test_an_event_without_what_its_key_is_made_of_cannot_be_sent(topic, missing):
    with pytest.raises(MappingError, match=missing):
        key_of(topic, {"event_id": "e1"})


# -- what is wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mapping", "named"),
    [
        ("event = [", "map.toml"),
        ("", "event"),
        ("event = []", "event"),
        ('[[event]]\ntopic = "payments"\nfields = {}', "event.0.topic"),
        ('[[event]]\ntopic = "transactions"', "event.0.fields"),
        ('[[event]]\ntopic = "transactions"\nfields = { a = { date = "%Y" } }', "event.0.fields.a"),
        ('[[event]]\ntopic = "transactions"\nfields = {}\ncolour = 1', "event.0.colour"),
        ('source = { format = "xml" }\n[[event]]\ntopic = "transactions"\nfields = {}', "source.format"),
    ],
)
def test_a_bad_mapping_is_named_by_file_and_key(tmp_path, mapping, named):
    with pytest.raises(MappingError) as told:
        load_mapping(written(tmp_path, mapping))
    assert "map.toml" in str(told.value)
    assert named in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("rule", "text", "named"),
    [
        ('"{y}"', "x\n1\n2\n", "row 1: f: no column 'y'"),
        ('{ template = "{x}", date = "%y%m%d" }', "x\n950101\n950230\n", "row 2: f: '950230' is not a date"),
        ('{ template = "{x}", number = true }', "x\n1\nfive\n", "row 2: f: 'five' is not a number"),
    ],
)
def test_a_bad_row_is_named_by_number_and_field(mapped, rule, text, named):
    with pytest.raises(MappingError) as told:
        mapped(one_field(rule), text)
    assert named in str(told.value)


def test_the_file_is_closed_while_the_error_about_its_row_is_still_looked_at(mapped, tmp_path):
    with pytest.raises(MappingError) as told:
        mapped(one_field('{ template = "{x}", number = true }'), "x\nfive\n6\n")
    opened = {link.resolve() for link in Path("/proc/self/fd").iterdir() if link.exists()}
    assert told.value is not None
    assert (tmp_path / "rows.csv").resolve() not in opened


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("x,y\n1,2\n3\n", "row 2: line 3: 1 columns, not 2"),
        ("x,y\n1,2,3\n", "row 1: line 2: 3 columns, not 2"),
        ('x,y\n"a\nb",2\n\n3\n', "row 2: line 5: 1 columns, not 2"),
    ],
)
def test_a_row_with_too_few_or_too_many_columns_is_named_by_its_line_and_never_filled_up(mapped, text, named):
    with pytest.raises(MappingError) as told:
        mapped(one_field('{ template = "{y}" }'), text)
    assert named in str(told.value)


def test_the_line_that_is_named_counts_those_that_were_skipped(mapped):
    with pytest.raises(MappingError, match=r"row 1: line 4: 1 columns, not 2"):
        mapped("[source]\nskip_lines = 2\n" + one_field('"{x}"'), "made by\na bank\nx,y\n1\n")


def test_empty_cells_are_absent_and_empty_lines_no_rows(mapped):
    assert mapped(one_field('{ template = "{y}" }'), "x,y\n1,\n\n2,b\n") == [
        ("transactions", {}),
        ("transactions", {"f": "b"}),
    ]


@pytest.mark.parametrize(
    ("source", "text", "named"),
    [
        ('format = "jsonl"', '{"x": 1}\n{"x": \n', "row 2"),
        ('format = "jsonl"', '{"x": 1}\n7\n', "row 2"),
        ('format = "whitespace"\ncolumns = ["x"]', "1\n1 2\n", "row 2"),
        ('sort = "day"', "x\n1\n", "day"),
        ('encoding = "ascii"', "x\n张\n", "ascii"),
        ('encoding = "klingon"', "x\n1\n", "klingon"),
        ('member = "rows.csv"', "x\n1\n", "zip"),
        ("skip_lines = 9", "x\n1\n", "skip_lines"),
    ],
)
def test_a_file_that_is_not_what_the_mapping_says_is_a_clear_error(mapped, source, text, named):
    with pytest.raises(MappingError) as told:
        mapped(f"[source]\n{source}\n" + one_field('"{x}"'), text)
    assert named in str(told.value)


def test_a_zip_without_the_member_says_so(tmp_path):
    archive = tmp_path / "bank.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("other.csv", "x\n1\n")
    mapping = load_mapping(written(tmp_path, PAYMENTS.replace("[source]", '[source]\nmember = "rows.csv"')))
    with pytest.raises(MappingError, match=r"bank\.zip.*rows\.csv"):
        list(convert(archive, mapping))


# -- the command ----------------------------------------------------------------------------------------------------


def test_the_command_writes_lines_that_replay_reads(tmp_path):
    source, out = tmp_path / "rows.csv", tmp_path / "lines.jsonl"
    source.write_text("id;who\n1;7\n2;8\n")
    answer = rapport("load", source, "--mapping", written(tmp_path, PAYMENTS), "--out", out, "--json")
    assert answer.json["events"] == 2
    assert answer.json["by_topic"] == {"bank.transactions": 2}
    assert [json.loads(line) for line in out.read_text().splitlines()] == [
        {"topic": "bank.transactions", "value": {"event_id": "p-1", "customer_id": "C7"}},
        {"topic": "bank.transactions", "value": {"event_id": "p-2", "customer_id": "C8"}},
    ]


def test_the_command_stops_at_its_limit(tmp_path):
    source, out = tmp_path / "rows.csv", tmp_path / "lines.jsonl"
    source.write_text("id;who\n" + "1;7\n" * 100)
    answer = rapport("load", source, "--mapping", written(tmp_path, PAYMENTS), "--out", out, "--limit", 3, "--json")
    assert answer.json["events"] == len(out.read_text().splitlines()) == 3


def test_errors_of_mapping_file_and_row_end_the_command_with_one_line(tmp_path):
    good, bad = written(tmp_path, PAYMENTS), tmp_path / "bad.toml"
    bad.write_text("[[event]]")
    rows, out = tmp_path / "rows.csv", tmp_path / "out.jsonl"
    rows.write_text("id\n1\n")
    for file, mapping, named in (
        (rows, bad, "bad.toml: event.0.topic"),
        (rows, tmp_path / "no.toml", "no.toml: No such file"),
        (tmp_path / "no.csv", good, "no.csv: No such file"),
        (rows, good, "rows.csv: row 1: customer_id: no column"),
        (tmp_path, good, "Is a directory"),
    ):
        answer = rapport("load", file, "--mapping", mapping, "--out", out)
        assert answer.code == 1
        assert named in answer.complaint
    answer = rapport("load", rows, "--mapping", good, "--out", tmp_path / "no" / "out.jsonl")
    assert answer.code == 1
    assert "No such file" in answer.complaint


@pytest.mark.parametrize("path", sorted(MAPPINGS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_mapping_that_we_ship_can_be_read(path):
    assert load_mapping(path).event


# -- what a contact brings, and what comes later --------------------------------------------------------------------

CALLS = """
[source]
delimiter = ";"

[[event]]
topic = "interactions"
[event.fields]
event_id = "c-{row}"
occurred_at = { template = "", start = "2008-05-01T00:00:00Z", every_seconds = 3600 }
[event.attributes]
words = ["Job"]
numbers = ["emp.rate"]

[[event]]
topic = "outcomes"
delay_seconds = 5400
[event.fields]
event_id = "o-{row}"
occurred_at = { template = "", start = "2008-05-01T00:00:00Z", every_seconds = 3600 }
"""


def test_columns_become_attributes_and_empty_cells_are_left_out(mapped):
    events = mapped(CALLS, "Job;emp.rate\nstudent;-1.8\n;5\n")
    known = [event["attributes"] for topic, event in events if topic == "interactions"]
    assert known == [{"job": "student", "emp.rate": -1.8}, {"emp.rate": 5}]


def test_the_pace_counts_rows_of_the_day_so_far_and_of_the_day_before(mapped):
    busy = CALLS.replace('numbers = ["emp.rate"]', 'pace = ["Day"]')
    events = mapped(busy, "Job;Day\na;mon\nb;mon\nc;tue\nd;tue\ne;wed\n")
    paces = [event["attributes"]["pace"] for topic, event in events if topic == "interactions"]
    assert [round(math.expm1(pace)) for pace in paces] == [0, 1, 2, 3, 2]
    with pytest.raises(MappingError, match="no column 'Day'"):
        mapped(busy, "Job\na\n")


def test_rows_without_times_are_spread_evenly_and_a_delayed_event_comes_when_its_time_has_come(mapped):
    events = mapped(CALLS, "Job;emp.rate\n" + "a;1\n" * 3)
    assert [(event["event_id"], event["occurred_at"][11:16]) for _, event in events] == [
        ("c-1", "00:00"),
        ("c-2", "01:00"),
        ("o-1", "01:30"),
        ("c-3", "02:00"),
        ("o-2", "02:30"),
        ("o-3", "03:30"),
    ]


def test_what_occurs_at_one_time_comes_in_the_order_in_which_it_was_made(mapped):
    events = mapped(CALLS.replace("5400", "3600"), "Job;emp.rate\n" + "a;1\n" * 2)
    assert [event["event_id"] for _, event in events] == ["c-1", "o-1", "c-2", "o-2"]


@pytest.mark.parametrize(
    ("mapping", "text", "complaint"),
    [
        (CALLS, "Job\na\n", r"row 1: attributes: no column 'emp.rate'"),
        (CALLS, "Job;emp.rate\na;many\n", r"row 1: emp.rate: 'many' is not a number"),
        (CALLS.replace("occurred_at", "at"), "Job;emp.rate\na;1\n", r"row 1: occurred_at: .* needs a time"),
        (CALLS.replace("2008-05-01T", "2008-05-01 "), "Job;emp.rate\na;1\n", r"start: .* not RFC 3339"),
    ],
)
def test_what_is_wrong_with_attributes_and_delays_is_named(mapped, mapping, text, complaint):
    with pytest.raises(MappingError, match=complaint):
        mapped(mapping, text)


def test_a_delay_cannot_go_back(mapped):
    with pytest.raises(MappingError, match=r"map.toml: event.1.delay_seconds"):
        mapped(CALLS.replace("5400", "-1"), "Job;emp.rate\n")


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{x:.2f}", "between braces stands the name of a column and nothing else, not 'x'"),
        ("{x.real}", "between braces stands the name of a column and nothing else, not 'x.real'"),
        ("{x!r}", "between braces stands the name of a column and nothing else, not 'x'"),
        ("{}", "between braces stands the name of a column"),
        ("{x", "expected '}' before end of string"),
    ],
)
def test_a_template_names_columns_and_nothing_else(tmp_path, template, said):
    for field in (f'"{template}"', f'{{ template = "{template}", number = true }}'):
        mapping = written(tmp_path, f'[[event]]\ntopic = "transactions"\n[event.fields]\nf = {field}\n')
        with pytest.raises(MappingError) as refusal:
            load_mapping(mapping)
        assert said in str(refusal.value)
        assert "event.0.fields.f" in str(refusal.value)


@pytest.mark.parametrize("zone", ["Beijing", "+8", "+24:00", ""])
def test_a_zone_that_no_time_can_end_with_is_refused(tmp_path, zone):
    field = f'f = {{ template = "{{x}}", date = "%Y-%m-%d", zone = "{zone}" }}'
    mapping = written(tmp_path, f'[[event]]\ntopic = "transactions"\n[event.fields]\n{field}\n')

    with pytest.raises(MappingError, match=r"fields\.f\..*zone: String should match pattern"):
        load_mapping(mapping)


def test_a_delimiter_is_one_character(tmp_path):
    with pytest.raises(MappingError, match=r"source\.delimiter: String should have at most 1 character"):
        load_mapping(written(tmp_path, PAYMENTS.replace('";"', '";;"')))


def test_a_mapping_and_rows_of_another_encoding_are_told_what_to_do(tmp_path):
    mapping, rows = written(tmp_path, PAYMENTS), tmp_path / "rows.csv"
    rows.write_bytes("id;who\n1;张\n".encode("gb18030"))
    with pytest.raises(MappingError, match=r"rows\.csv: .*: not utf-8-sig: source\.encoding says how the file is"):
        list(convert(rows, load_mapping(mapping)))

    mapping.write_bytes("# 银行\n".encode("gb18030"))
    with pytest.raises(MappingError, match=r"map\.toml: it is not UTF-8: save the file in this encoding$"):
        load_mapping(mapping)


def test_the_mark_at_the_beginning_of_a_file_from_windows_is_no_part_of_a_column(mapped):
    (event,) = mapped(PAYMENTS, "\N{ZERO WIDTH NO-BREAK SPACE}id;who\n1;7\n")

    assert event == ("transactions", {"event_id": "p-1", "customer_id": "C7"})
