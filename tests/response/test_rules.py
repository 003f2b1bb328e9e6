"""Tables of clinical rules are read strictly."""

import pytest

from remission.errors import InputError
from remission.response.rules import read_rules

HEADER = "name,value,unit,source,meaning\n"


def test_a_rule_keeps_unit_source_and_meaning(tmp_path):
    table = tmp_path / "rules.csv"
    table.write_text(HEADER + "limit,0.05,1,a paper,blasts\n", encoding="utf-8")
    rule = read_rules(table)["limit"]
    assert (rule.value, rule.unit, rule.source, rule.meaning) == (0.05, "1", "a paper", "blasts")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,value\nlimit,1\n", "the columns are wrong"),
        ("", "the columns are wrong"),
        (HEADER + "limit,five,1,x,y\n", "line 2, value: this is not a number"),
        (HEADER + "limit,1,1,x,y\nlimit,2,1,x,y\n", "given twice"),
    ],
)
def test_a_table_that_cannot_be_read_says_where(tmp_path, text, message):
    table = tmp_path / "rules.csv"
    table.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_rules(table)
