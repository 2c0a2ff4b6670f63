from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from service.codebook.model import Code, Codebook, Scheme, Variable, digest, twin_key, validate
from service.errors import BadInput
from service.exchange.codebooks import read_codebook, write_codebook_csv, write_codebook_json

names = st.one_of(
    st.text(st.sampled_from("=+-@';,\"aé\u0301 "), min_size=1, max_size=6).map(lambda name: f"{name}x"),
    st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=6),
)
free = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\r\n\t"), max_size=12)


@st.composite
def codes(draw: st.DrawFn) -> tuple[Code, ...]:
    unique = draw(st.lists(names.filter(lambda name: name == name.strip()), min_size=1, max_size=5, unique_by=twin_key))
    made: list[Code] = []
    for number, name in enumerate(unique):
        parent = draw(st.sampled_from([None, *unique[:number]]))
        made.append(Code(name=name, parent=parent, definition=draw(free), include_when=draw(free), counter_example=draw(free)))
    return tuple(draw(st.permutations(made)))


def in_scheme(variable: Variable) -> Variable:
    """Take the parents out where the scheme has none."""
    if variable.scheme is not Scheme.ORDERED_VALUE:
        return variable
    return replace(variable, codes=tuple(replace(code, parent=None) for code in variable.codes))


variables = st.builds(
    Variable, name=names.filter(lambda name: name == name.strip()), label=free, scheme=st.sampled_from(Scheme), codes=codes()
).map(in_scheme)
books = st.lists(variables, min_size=1, max_size=3, unique_by=lambda variable: twin_key(variable.name)).map(
    lambda some: Codebook(variables=tuple(some))
)


@given(books)
def test_csv_and_json_bring_back_exactly_what_was_written(book: Codebook) -> None:
    validate(book)
    assert read_codebook("book.csv", write_codebook_csv(book)) == book
    assert read_codebook("book.json", write_codebook_json(book)) == book


def test_only_the_code_column_is_needed() -> None:
    expected = Codebook(variables=(Variable(name="code", scheme=Scheme.ONE_CODE, codes=(Code(name="Trust"), Code(name="Clarity"))),))
    assert read_codebook("a.csv", b"code\nTrust\nClarity\n") == expected


def test_an_order_is_that_of_the_rows_and_has_no_tree() -> None:
    data = b"variable,scheme,code,parent\nmood,ordered_value,low,\nmood,,middle,\nmood,,high,\n"
    [mood] = read_codebook("a.csv", data).variables
    assert (mood.scheme, [code.name for code in mood.codes]) == (Scheme.ORDERED_VALUE, ["low", "middle", "high"])
    with pytest.raises(BadInput, match="none has a parent"):
        read_codebook("a.csv", data.replace(b"middle,", b"middle,low"))


def test_the_rows_of_a_variable_may_stand_apart_and_say_its_scheme_once() -> None:
    data = b"variable,scheme,code,parent\na,several_codes,Leaf,Top\nb,,Yes,\na,,Top,\n"
    a, b = read_codebook("a.csv", data).variables
    assert (a.scheme, [code.name for code in a.codes], b.scheme) == (Scheme.SEVERAL_CODES, ["Leaf", "Top"], Scheme.ONE_CODE)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        pytest.param("a.csv", b"name\nTrust\n", 'a.csv: there is no column "code"; there are "name"', id="no code column"),
        pytest.param(
            "a.csv", b"code,colour\nTrust,red\n", 'a.csv, row 1, column "colour": a codebook has no such column', id="extra column"
        ),
        pytest.param("a.csv", b"code,\nTrust,\n", 'a.csv, row 1, column "": a codebook has no such column', id="column without a name"),
        pytest.param("a.csv", b"code,parent\n,Trust\n", 'a.csv, row 2, column "code": the name of the code is empty', id="empty code"),
        pytest.param(
            "a.csv", b"variable,code\n,Trust\n", 'row 2, column "variable": the name of the variable is empty', id="empty variable"
        ),
        pytest.param("a.csv", b"scheme,code\nmany,Trust\n", '"many" is no coding scheme; it can be one_code, several_codes', id="scheme"),
        pytest.param(
            "a.csv",
            b"scheme,code\none_code,A\nseveral_codes,B\n",
            'row 3, column "scheme": this differs from an earlier row',
            id="two schemes",
        ),
        pytest.param(
            "a.csv", b"variable_label,code\nx,A\ny,B\n", 'row 3, column "variable_label": this differs from an earlier row', id="two labels"
        ),
        pytest.param("a.csv", b"code\nTrust\nTrust\n", 'a.csv: Variable "code": code 2: the name "Trust" is there already', id="duplicate"),
        pytest.param("a.csv", b"code\n", "a.csv: The codebook has no variable", id="only a header"),
        pytest.param("a.json", b'{"variables": [{"name": "a"}]}', "a.json: Object missing required field `scheme`", id="missing field"),
        pytest.param(
            "a.json",
            b'{"variables": [{"name": "a", "scheme": "one_code", "codes": [{"name": "A", "colour": 1}]}]}',
            "unknown field `colour` - at `$.variables[0].codes[0]`",
            id="extra field",
        ),
        pytest.param("a.json", b'{"variables": [],\n "variables": []}', 'the key "variables" is there twice', id="duplicate key"),
        pytest.param("a.json", b'{"variables":\n [}', "a.json, line 2, character 3: this is not JSON", id="bad JSON"),
        pytest.param(
            "a.json", b'{"variables": [{"name": "\\ud800", "scheme": "one_code", "codes": []}]}', "surrogate", id="lone surrogate"
        ),
        pytest.param("a.json", b'{"\\ud800": 1}', "a key or scheme holds half of a surrogate", id="surrogate in a key"),
        pytest.param(
            "a.json",
            b'{"variables": [{"name": "a", "scheme": "\\ud800", "codes": []}]}',
            "a.json: a key or scheme holds half of a surrogate",
            id="surrogate for a scheme",
        ),
        pytest.param("a.json", b"[" * 100_000, "nested too deeply", id="deep nesting"),
        pytest.param("a.xlsx", b"x", "a codebook can be .csv or .json", id="extension"),
    ],
)
def test_a_bad_codebook_is_one_message_that_names_the_place(name: str, data: bytes, message: str) -> None:
    with pytest.raises(BadInput) as refusal:
        read_codebook(name, data)
    assert message in refusal.value.detail
    assert refusal.value.detail.startswith(name)


@pytest.mark.parametrize("key", ["\\u001b[31m", "k" * 100_000])
def test_an_unknown_key_cannot_spoil_the_message(key: str) -> None:
    with pytest.raises(BadInput, match="unknown field") as refusal:
        read_codebook("a.json", f'{{"{key}": 1}}'.encode())
    assert refusal.value.detail.isprintable()
    assert len(refusal.value.detail) < 400


@pytest.mark.reference
def test_the_codebook_of_a_published_study_is_read(reference_data: Path) -> None:
    book = read_codebook("codebook.csv", next(reference_data.rglob("aifc/codebook.csv")).read_bytes())
    assert len(book.variables) == 7
    found = book.variable("true_false_unsure")
    assert found is not None
    assert [code.name for code in found.codes] == ["true", "false", "unsure"]
    assert digest(read_codebook("again.csv", write_codebook_csv(book))) == digest(book)
