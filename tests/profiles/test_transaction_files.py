"""Files of purchases, however they are written: columns, rows that cannot be read, currencies, returns."""

import gzip

import numpy as np
import pytest

from profiles.transaction_files import read_transactions
from profiles.transactions import NO_PRODUCT
from rapport.errors import DataError, NotFound, UserError

NOW = 20_000.0  # 2024-10-04


@pytest.fixture
def read(tmp_path):
    """Reads a text as a file of purchases."""

    def reading(text: str, *, packed: bool = False, **options):
        path = tmp_path / "purchases"
        content = text.encode("utf-8")
        path.write_bytes(gzip.compress(content) if packed else content)
        return read_transactions(path, now=NOW, **options)

    return reading


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        "Customer ID,Order Date,Total,SKU\nb,2020-01-02,5.50,x\na,2020-01-01,7,y\n",
        "Customer ID;Order Date;Total;SKU\nb;2020-01-02;5,50;x\na;2020-01-01;7;y\n",
        "\ufeffcustomer\tat\tamount\tproduct\nb\t20200102\t5.50\tx\na\t2020-01-01T00:00:00\t7\ty\n",
        " customer_id  date  dollar_value  item\n b 20200102  5.50  x\n a 20200101  7 y\n",
    ],
)
def test_usual_files_are_read_without_being_told_their_columns(read, text, packed):
    found = read(text, packed=packed).transactions
    assert found.customers.tolist() == ["a", "b"]
    assert found.day.tolist() == [18262.0, 18263.0]
    assert found.amount.tolist() == [7.0, 5.5]
    assert found.products[found.product].tolist() == ["y", "x"]
    assert found.quantity.tolist() == [1.0, 1.0]


def test_a_file_without_a_header_is_read_by_numbers_of_columns(read):
    found = read("00004 0001 19970101 2 29.33\n", mapping={"customer": "2", "at": "3", "amount": "5", "quantity": "4"})
    assert found.columns == {"customer": "2", "at": "3", "amount": "5", "quantity": "4"}
    assert found.transactions.customers.tolist() == ["0001"]
    assert found.transactions.quantity.tolist() == [2.0]
    with pytest.raises(UserError, match=r"no column is known to hold customer.*no header line"):
        read("00004 0001 19970101 2 29.33\n")


def test_an_amount_can_be_the_product_of_two_columns(read):
    text = "who,at,n,each\na,2020-01-01,3,2.50\n"
    found = read(text, mapping={"customer": "who", "quantity": "N", "amount": "n*each"})
    assert found.transactions.amount.tolist() == [7.5]
    assert found.transactions.quantity.tolist() == [3.0]
    assert read("CustomerID,date,Quantity,UnitPrice\na,2020-01-01,3,2.50\n").transactions.amount.tolist() == [7.5]


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"client": "who"}, "there is no field 'client'"),
        ({"customer": "whom"}, "there is no column 'whom'; the columns are who, at, n, each"),
        ({"customer": "who*n"}, "names several columns"),
        ({}, "no column is known to hold customer; the columns are who, at, n, each"),
    ],
)
def test_a_mapping_that_fits_nothing_is_refused(read, mapping, message):
    with pytest.raises(UserError, match=message.replace("*", r"\*")):
        read("who,at,n,each\na,2020-01-01,3,2.50\n", mapping=mapping)


def test_what_belongs_to_nobody_or_lies_in_the_future_is_left_out_and_said(read):
    text = "customer,at,amount\na,2020-01-01,1\n,2020-01-01,2\na,2031-01-01,3\n"
    found = read(text)
    assert found.rows == 1
    assert found.notes == (
        "1 of 3 rows lie in the future and were left out.",
        "1 of 3 rows name no customer and were left out.",
    )


def test_equal_rows_of_one_order_are_one_and_without_an_order_two(read):
    row = "a,2020-01-01,5"
    assert read(f"customer,at,amount\n{row}\n{row}\n").rows == 2
    found = read(f"customer,at,amount,order\n{row},17\n{row},17\n{row},18\n")
    assert found.rows == 2
    assert found.notes == ("1 of 3 rows repeat a row of their order and were left out.",)


def test_a_negative_amount_stays_as_a_return(read):
    found = read("customer,at,amount\na,2020-01-01,9\na,2020-01-05,-9\n").transactions
    assert found.amount.tolist() == [9.0, -9.0]
    assert found.quantity.tolist() == [1.0, -1.0]


def test_two_currencies_need_their_worth(read):
    text = "customer,at,amount,currency\na,2020-01-01,10,EUR\na,2020-01-05,10,usd\n"
    with pytest.raises(DataError, match=r"several currencies: EUR \(1 rows\), USD \(1 rows\)"):
        read(text)
    assert read(text, rates={"EUR": 1.0, "USD": 0.9}).transactions.amount.tolist() == [10.0, 9.0]
    with pytest.raises(DataError, match="several currencies"):
        read("customer,at,amount\na,2020-01-01,€10\na,2020-01-05,$10\n")


def test_without_amounts_purchases_are_read_and_it_is_said(read):
    found = read("customer,at\na,2020-01-01\n")
    assert found.transactions.amount.tolist() == [0.0]
    assert found.transactions.product.tolist() == [NO_PRODUCT]
    assert "without money" in found.notes[-1]


def test_a_few_unreadable_rows_are_left_out_and_many_are_refused(read):
    good = "a,2020-01-01,1\n" * 20
    found = read(f"customer,at,amount\n{good}a,soon,1\na,2020-01-01\n")
    assert found.rows == 20
    assert found.notes[0] == "2 of 22 rows cannot be read and were left out."
    assert "line 22: at is 'soon'" in found.notes[1]
    with pytest.raises(DataError, match="2 of 3 rows of purchases cannot be read"):
        read("customer,at,amount\na,2020-01-01,nan\na,x,1\na,2020-01-01,1\n")


def test_a_quote_that_never_closes_costs_its_own_row(read):
    good = "a,2020-01-01,1,mug\n" * 10
    stray = '"b,2020-01-02,1,lamp\nb,2020-01-02,1,"Big" sofa,\n\nb,2020-01-02,1,"rug\n'
    found = read(f'customer,at,amount,product\n{good}{stray}{good}c,2020-01-03,1,"big\n\nlamp"\n')
    assert found.rows == 22
    assert found.notes[0] == "2 of 24 rows cannot be read and were left out."
    assert "line 12: not valid CSV" in found.notes[1]
    assert "line 15: not valid CSV" in found.notes[2]
    assert found.transactions.products.tolist() == ["Big sofa", "big\n\nlamp", "mug"]


def test_a_first_line_that_is_not_valid_csv_is_read_where_its_quotes_are_in_pairs(read):
    assert read('"Customer" ID,at,amount\na,2020-01-01,1\n', mapping={"customer": "Customer ID"}).rows == 1
    with pytest.raises(DataError, match="first line of purchases cannot be read: not valid CSV"):
        read('"customer,at,amount\na,2020-01-01,1\n')


@pytest.mark.parametrize(("text", "message"), [("", "is empty"), ("customer,at,amount\n", "holds no purchases")])
def test_an_empty_file_is_refused(read, text, message):
    with pytest.raises(DataError, match=message):
        read(text)


def test_a_missing_file_and_one_that_is_no_text_are_refused(tmp_path):
    with pytest.raises(NotFound, match="there is no file"):
        read_transactions(tmp_path / "none.csv")
    (tmp_path / "bad.csv").write_bytes(b"customer,at\n\xff\xfe,2020\n")
    with pytest.raises(DataError, match="cannot be read"):
        read_transactions(tmp_path / "bad.csv")


def test_a_hundred_thousand_rows_of_one_customer_are_read(read):
    found = read("customer,at,amount\n" + "a,2020-01-01,1\n" * 100_000).transactions
    assert len(found) == 100_000
    assert np.all(found.customer == 0)
