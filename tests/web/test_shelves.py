from service.web.shelves import IDLE_S, Shelves


def test_others_push_nothing_off_ones_shelf() -> None:
    shelves = Shelves[str](2)
    shelves.put("ann", 1, "a")
    for number in range(100):
        shelves.put(f"other {number}", number, "x")
        shelves.put("ben", number, "y")
    assert shelves.get("ann", 1) == "a"
    assert [shelves.get("ben", number) for number in (97, 98, 99)] == [None, "y", "y"]


def test_the_least_used_goes_first_and_one_thing_always_stays() -> None:
    shelves = Shelves[str](5, weigh=len)
    for key, thing in enumerate(("aa", "bb")):
        shelves.put("ann", key, thing)
    assert shelves.get("ann", 0) == "aa"
    shelves.put("ann", 2, "cc")
    assert [shelves.get("ann", key) for key in (0, 1, 2)] == ["aa", None, "cc"]
    shelves.put("ann", 3, "larger than the shelf")
    assert [shelves.get("ann", key) for key in (0, 2, 3)] == [None, None, "larger than the shelf"]


def test_a_shelf_is_empty_once_its_owner_was_away_and_only_then() -> None:
    now = [0.0]
    shelves = Shelves[str](2, clock=lambda: now[0])
    shelves.put("ann", 1, "a")
    now[0] = IDLE_S
    assert shelves.get("ann", 1) == "a"
    now[0] += IDLE_S + 1
    assert shelves.get("ann", 1) is None
