"""Files of customers, good and bad: what is learnt from, what is left out and said, what is refused."""

import numpy as np
import pytest

from profiles.table_files import group_values, read_labelled_table, read_pieces
from rapport.errors import UserError


@pytest.fixture
def file(tmp_path):
    """Writes a CSV file."""

    def write(text: str):
        path = tmp_path / "customers.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def rows(*lines: str) -> str:
    return "\n".join(lines) + "\n"


def test_columns_have_their_types_and_the_target_is_none_of_them(file):
    read = read_labelled_table(
        file(rows("id,age,plan,left", "a,31,gold,yes", "b,,silver,no", "c,45,gold,no")), target="left", id_column="id"
    )
    assert read.table.ids.tolist() == ["a", "b", "c"]
    assert list(read.table.numeric) == ["age"]
    assert read.table.categorical["plan"].tolist() == ["gold", "silver", "gold"]
    assert read.target.tolist() == [True, False, False]
    assert read.positive == "yes"


@pytest.mark.parametrize(
    ("values", "positive"),
    [
        (["0", "1", "1"], "1"),
        (["No", "Yes", "Yes"], "Yes"),
        (["False", "True", "False"], "True"),
        (["stays", "stays", "leaves"], "leaves"),
    ],
)
def test_yes_or_one_is_what_is_predicted_and_else_the_rarer_value(file, values, positive):
    lines = [f"{number},{value}" for number, value in enumerate(["5", "5.5", "7"])]
    text = rows("x,score,left", *(f"{line},{value}" for line, value in zip(lines, values, strict=True)))
    assert read_labelled_table(file(text), target="left").positive == positive


def test_the_value_to_predict_can_be_named(file):
    text = rows("x,left", "1,no", "1.5,yes", "3,no")
    assert read_labelled_table(file(text), target="left", positive="no").target.tolist() == [True, False, True]
    with pytest.raises(UserError, match="no row has 'maybe'"):
        read_labelled_table(file(text), target="left", positive="maybe")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("x,left\n", "is blank in every row"),
        ("x,left\n1,yes\n2,yes\n", "holds nothing but 'yes'"),
        ("x,left\n1,\n2,na\n", "is blank in every row"),
        ("x,left\n1,a\n2,b\n3,c\n", "has 3 values"),
        ("x,x,left\n1,2,a\n", "two columns named 'x'"),
        ("x,lefty\n1,yes\n2,no\n", "no column 'left'"),
        ("x,left\n5,yes\n5,no\n", "no column to learn from"),
        ("left\nyes\nno\n", "no column to learn from"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused_with_the_reason(file, text, message):
    with pytest.raises(UserError, match=message):
        read_labelled_table(file(text), target="left")


def test_a_file_that_is_absent_and_a_target_that_is_the_id_are_refused(file, tmp_path):
    with pytest.raises(UserError, match="cannot be read"):
        read_labelled_table(tmp_path / "nothing.csv", target="left")
    with pytest.raises(UserError, match="target and the id"):
        read_labelled_table(file("x,left\n1,yes\n2,no\n"), target="left", id_column="left")


def test_a_near_name_is_offered_for_a_column_that_is_absent(file):
    with pytest.raises(UserError, match="Do you mean 'Churn'"):
        read_labelled_table(file("x,Churn\n1,yes\n2,no\n"), target="churn")


def test_columns_that_teach_nothing_are_left_out_and_named(file):
    lines = [f"{n},C{n},{100 + n * 37},,same,{'ab'[n % 2]},{n * 1.5},{'yes' if n % 3 else 'no'}" for n in range(12)]
    read = read_labelled_table(
        file(rows("number,code,customer id,blank,constant,useful,amount,left", *lines)), target="left"
    )
    assert dict(read.left_out) == {
        "number": "another value in every row",
        "code": "another value in every row",
        "customer id": "another value in every row",
        "blank": "blank in every row",
        "constant": "the same in every row",
    }
    assert list(read.layout.kinds) == ["useful", "amount"]


def test_what_is_wrong_with_rows_is_counted(file):
    text = rows("id,x,left", "a,1,yes", "a,2,no", "b,3,", "c,4", "d,5,no,,", "e,6,no,7", "f,many,yes", *["g,7,no"] * 9)
    read = read_labelled_table(file(text), target="left", id_column="id")
    assert dict(read.problems) == {
        "rows with more or fewer cells than the header": 2,
        "rows without 'left'": 1,
        "rows whose 'id' came before": 9,
        "cells of 'x' that are no number": 1,
    }
    assert len(read.table) == 13
    assert np.isnan(read.table.numeric["x"][3])


def test_semicolons_quotes_and_a_byte_order_mark_are_read(file):
    read = read_labelled_table(
        file('\ufeff"name; first";x;left\n"a;b";"1,5";yes\n"c""d";2;no\n"c""d";2;no\n'), target="left"
    )
    assert read.table.categorical["name; first"].tolist() == ["a;b", 'c"d', 'c"d']
    assert read.table.numeric["x"].tolist() == [1.5, 2.0, 2.0]


def test_a_quote_that_never_closes_costs_its_own_row(file):
    text = rows("id,name,left", "a,Ann,yes", 'b,"Ben,no', *(f'{n},"Cleo" of {n % 3},no' for n in range(20)))
    read = read_labelled_table(file(text), target="left", id_column="id")
    assert dict(read.problems) == {"rows that are not valid CSV": 1}
    assert len(read.table) == 21
    assert set(read.table.categorical["name"]) == {"Ann", "Cleo of 0", "Cleo of 1", "Cleo of 2"}


def test_a_header_that_is_not_valid_csv_is_refused(file):
    with pytest.raises(UserError, match=r"first line of .* cannot be read"):
        read_labelled_table(file(rows('"id,left', "a,yes")), target="left")


def test_a_file_is_read_in_pieces_that_together_are_the_file(file):
    text = rows("x,plan,left", *(f"{n},{'ab'[n % 2]},{'yes' if n % 3 else 'no'}" for n in (5, 9, 2, 4, 4)))
    read = read_labelled_table(file(text), target="left")
    more = file(rows("plan,new,x", "b,1,7", "zebra,2,8", "a,3", "a,4,oops", ",5,9"))
    pieces = list(read_pieces(more, read.layout, rows=2))
    assert [len(table) for table, _ in pieces] == [2, 2]
    assert [table.ids.tolist() for table, _ in pieces] == [["1", "2"], ["3", "4"]]
    assert pieces[0][0].categorical["plan"].tolist() == ["b", "zebra"]
    assert pieces[1][1] == {
        "rows with more or fewer cells than the header": 1,
        "cells of 'x' that are no number": 1,
    }


def test_a_file_to_score_that_lacks_a_column_is_refused(file):
    layout = read_labelled_table(file("x,y,left\n1,2,yes\n3,4.5,no\n2,2,no\n"), target="left").layout
    with pytest.raises(UserError, match="no column 'y'"):
        list(read_pieces(file("x\n1\n"), layout))


def test_groups_are_told_by_a_column_that_was_learnt_from(file):
    read = read_labelled_table(file("x,sex,left\n1,f,yes\n,m,no\n2,,no\n2,f,no\n"), target="left")
    assert group_values(read, "sex").tolist() == ["f", "m", None, "f"]
    assert group_values(read, "x").tolist() == ["1", None, "2", "2"]
    with pytest.raises(UserError, match="no column 'left'"):
        group_values(read, "left")
