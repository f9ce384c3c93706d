"""What stays of earlier runs on the disk."""

import os

from stream_app.run_directory import KEPT, run_directory


def runs(base, count):
    """So many runs that ended, the first one the oldest."""
    homes = []
    for number in range(count):
        with run_directory(base, "demo-") as home:
            (home / "worker.log").write_text("well\n")
        os.utime(home, (number, number))
        homes.append(home)
    return homes


def test_the_newest_runs_stay_and_older_ones_go(tmp_path):
    homes = runs(tmp_path, KEPT + 2)

    with run_directory(tmp_path, "demo-") as home:
        assert [each.exists() for each in homes] == [False, False] + [True] * KEPT
        assert home.is_dir()


def test_a_run_that_still_goes_on_keeps_its_directory_and_others_are_not_ours_to_remove(tmp_path):
    (tmp_path / "services-1").mkdir()
    with run_directory(tmp_path, "demo-") as living:
        os.utime(living, (0, 0))
        runs(tmp_path, KEPT + 2)
        assert living.exists()
    assert (tmp_path / "services-1").exists()


def test_what_another_run_is_just_removing_is_in_nobodys_way(tmp_path):
    for number in range(KEPT + 2):  # listed, but gone when it is looked at
        (tmp_path / f"demo-{number}").symlink_to(tmp_path / "removed")

    with run_directory(tmp_path, "demo-") as home:
        assert home.is_dir()
