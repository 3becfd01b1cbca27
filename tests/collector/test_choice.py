"""Which series are counted in the process: above a rate, and for a while after it."""

from collector.choice import ALWAYS, AUTO, NEVER, Choice


def test_a_series_is_chosen_above_its_rate_and_given_up_when_long_calm() -> None:
    """At 10 events a second: 51 in one span choose it; twelve spans below 25 give it up."""
    choice = Choice(AUTO, 10.0)
    series = ("pages", "new")
    choice.note({(series, 100): 50})
    choice.pass_on(100)
    assert (series in choice.chosen, choice.active) == (False, False)
    choice.note({(series, 100): 1})
    assert (series in choice.chosen, choice.active) == (True, True)
    choice.note({(series, 105): 25})  # loud enough to begin anew
    for span in range(101, 118):
        choice.pass_on(span)
        assert series in choice.chosen, span
        choice.note({(series, span): 24} if span != 105 else {})
    choice.pass_on(118)
    assert (series in choice.chosen, choice.active) == (False, False)


def test_events_of_one_series_choose_no_other() -> None:
    """Each by its own rate."""
    choice = Choice(AUTO, 10.0)
    choice.note({(("pages", "new"), 1): 1000, (("pages", "legacy"), 1): 50})
    assert choice.chosen == {("pages", "new")}


def test_always_and_never_do_not_look_at_rates() -> None:
    """Nothing changes what was asked for."""
    series = ("pages", "new")
    for mode, chosen in ((ALWAYS, True), (NEVER, False)):
        choice = Choice(mode, 1.0)
        for span in range(100):
            choice.note({(series, span): 10**6 if span < 10 else 0})
            choice.choose(series, span)
            choice.pass_on(span)
            assert (series in choice.chosen, choice.active) == (chosen, chosen)


def test_the_memory_of_rates_is_bounded() -> None:
    """Ten thousand series with an event each, and later none: nothing of them is kept."""
    choice = Choice(AUTO, 10.0)
    choice.note({((f"cache {n}", "new"), 1): 1 for n in range(10_000)})
    assert len(choice._seen) == 1_000
    choice.pass_on(3)
    assert choice._seen == {}
