"""Progress read from logs: tqdm's and Keras' own output, plain lines, and what is no progress at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from longshore.jobs.log_progress import Follower, LogFollower, LogProgress

LOGS = Path(__file__).parent / "logs"


def after(*pieces: str) -> LogProgress | None:
    follower = Follower()
    for piece in pieces:
        follower.feed(piece)
    return follower.now()


def log(name: str) -> str:
    # Written by tqdm 4.70.1 and by the progress bar of Keras 3.15.1 into a file.
    return (LOGS / name).read_bytes().decode()


def states(text: str) -> list[LogProgress | None]:
    """Give each state that a log that is read byte by byte goes through."""
    follower, found = Follower(), list[LogProgress | None]()
    for place in range(0, len(text), 7):
        follower.feed(text[place : place + 7])
        if not found or follower.now() != found[-1]:
            found.append(follower.now())
    return found


def test_that_the_outer_one_of_two_bars_tells_how_far_it_is() -> None:
    text = log("tqdm.log")
    both = text[: text.index("30/30")]
    found = [each for each in states(both[: both.index("3/3 [00:01")]) if each]
    assert {each.words for each in found} >= {"0 of 3", "1 of 3", "2 of 3"}
    assert all(each.whole for each in found)
    assert [each.fraction for each in found] == sorted(each.fraction for each in found), "it never goes back"


def test_that_each_bar_after_another_is_followed() -> None:
    text = log("tqdm.log")
    at = lambda words: after(text[: text.index(words) + len(words) + 30])  # noqa: E731
    for words, shown in (
        ("19/30", "19 of 30"),
        ("4/5", "4 of 5"),
        ("6.00M/10.0M", "6,000,000 of 10,000,000"),
        ("10/10", "10 of 10"),
    ):
        found = at(words)
        assert found is not None
        assert found.words == shown


def test_that_a_bar_without_an_end_is_no_progress() -> None:
    assert after("\r5it [00:00, 49.26it/s]\r10it [00:00, 49.47it/s]") is None


def test_that_tqdm_tells_the_time_that_is_left() -> None:
    found = after("\rtrain:  45%|████▌     | 45/100 [01:02:03<1:15:07,  3.62it/s, loss=0.2]")
    assert found == LogProgress(0.45, "45 of 100", 4507.0)
    assert found.time_left_s(10) == 4507.0
    first = after("\r  0%|          | 0/100 [00:00<?, ?it/s]")
    assert first is not None
    assert first.time_left_s(10) is None


def test_that_keras_epochs_and_steps_are_one_progress() -> None:
    found = [each for each in states(log("keras.log")) if each]
    assert found[0] == LogProgress(0.0, "Epoch 1 of 3")
    assert found[-1] == LogProgress(1.0, "Epoch 3 of 3")
    fractions = [each.fraction for each in found]
    assert fractions == sorted(fractions)
    middle = next(each for each in found if each.words == "Epoch 2 of 3" and each.fraction > 0.49)
    assert middle.fraction == pytest.approx(0.5, abs=0.06)
    assert middle.time_left_s(60) == pytest.approx(60, abs=15)


def test_that_keras_2_is_read_too() -> None:
    text = "Epoch 4/10\n\r 5/20 [======>.......................] - ETA: 2s - loss: 0.5"
    assert after(text) == LogProgress(pytest.approx(0.325), "Epoch 4 of 10")


def test_that_an_evaluation_is_progress_of_a_part() -> None:
    found = after("\r\x1b[1m3/8\x1b[0m \x1b[32m━━━━━━━\x1b[0m\x1b[37m━━━━━━━━━━━━━\x1b[0m \x1b[1m0s\x1b[0m 70ms/step")
    assert found == LogProgress(0.375, "Step 3 of 8", None, whole=False)
    assert found.time_left_s(60) is None


@pytest.mark.parametrize(
    ("text", "words", "fraction"),
    [
        ("epoch 31/60  train_loss=0.2251  val_mae=3.431\n", "Epoch 31 of 60", 31 / 60),
        ("INFO Epoch: [3/10]\n", "Epoch 3 of 10", 0.2),
        ("Epoch 0/5 loss 2.1\n", "Epoch 0 of 5", 0.2),
        ("Epoch 2 of 4\n", "Epoch 2 of 4", 0.25),
    ],
)
def test_that_lines_of_epochs_tell_how_far_it_is(text: str, words: str, fraction: float) -> None:
    assert after(text) == LogProgress(pytest.approx(fraction), words)


def test_that_a_bar_of_one_epoch_is_said_to_be_of_that_epoch() -> None:
    found = after("\rEpoch 3:  50%|█████     | 50/100 [00:12<00:12, 4.0it/s, v_num=0]")
    assert found == LogProgress(0.5, "Epoch 3: 50 of 100", 12.0, whole=False)


def test_that_a_bar_of_an_epoch_of_so_many_is_a_share_of_all() -> None:
    assert after("\rEpoch 3/4:  50%|█████     | 50/100 [00:12<00:12, 4.0it/s]") == LogProgress(0.625, "Epoch 3 of 4")


def test_that_a_bar_that_was_left_behind_is_forgotten() -> None:
    text = "\rdownload:  50%|█████     | 1/2 [00:01<00:01, 1it/s]\n"
    for number in range(5):
        text += f"\rpart {chr(97 + number)}: 100%|██████████| 9/9 [00:01<00:00, 1it/s]\n"
    text += "\rtrain:  10%|█         | 1/10 [00:01<00:09, 1it/s]"
    found = after(text)
    assert found is not None
    assert found.words == "1 of 10"


@pytest.mark.parametrize(
    "text",
    ["", "loss 3/4 fine\n", "the epoch of steam\n", "100% sure\n", "epoch 9/3\n", "epoch 1/0\n", "%|" * 5_000, "1" * 100_000,
     "\r" * 10_000, "0%|" + "█" * 100_000, "Epoch " * 10_000, "\x1b[" * 5_000],
)  # fmt: skip
def test_that_what_is_no_progress_is_none(text: str) -> None:
    assert after(text, text) is None


def test_that_a_log_is_followed_as_it_grows_and_when_it_is_written_anew(tmp_path: Path) -> None:
    follower = LogFollower(tmp_path)
    assert follower.look() is None
    (tmp_path / "log").write_text("Epoch 1/4\n")
    assert follower.look() == LogProgress(0.0, "Epoch 1 of 4")
    with (tmp_path / "log").open("a") as file:
        file.write("Epoch 3/4\nvalu")
    assert follower.look() == LogProgress(0.5, "Epoch 3 of 4")
    (tmp_path / "log").unlink()
    (tmp_path / "log").write_text("x\n")
    assert follower.look() is None
