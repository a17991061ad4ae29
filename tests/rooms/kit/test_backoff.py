import random

from gesso.kit.backoff import delay_s


def test_grows_to_the_cap_with_at_most_half_taken_away() -> None:
    rand = random.Random(1)
    for attempt in range(200):
        whole = min(60.0, 0.5 * 2.0**attempt)
        assert whole / 2 <= delay_s(attempt, base=0.5, cap=60.0, rand=rand) <= whole


def test_a_seed_repeats_the_delays() -> None:
    def draw(seed: int) -> list[float]:
        rand = random.Random(seed)
        return [delay_s(n, base=1.0, cap=30.0, rand=rand) for n in range(8)]

    assert draw(7) == draw(7)
    assert draw(7) != draw(8)


def test_the_factor_says_how_fast() -> None:
    assert 4.5 <= delay_s(2, base=1.0, cap=100.0, factor=3.0) <= 9.0
    assert 0.5 <= delay_s(5, base=1.0, cap=100.0, factor=1.0) <= 1.0


def test_absurd_attempts_do_not_overflow() -> None:
    assert delay_s(10**9, base=1.0, cap=5.0, factor=10.0) <= 5.0
    assert delay_s(-3, base=1.0, cap=5.0) <= 1.0
