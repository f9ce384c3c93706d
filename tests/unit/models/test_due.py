from models.due import cancel, schedule
from schemas.profile import MAX_DUE, Due, Profile


def a_profile(*due: Due) -> Profile:
    profile = Profile("C1", 0, 0)
    for work in due:
        profile = schedule(profile, work)
    return profile


def test_work_stands_in_the_order_of_its_time():
    assert a_profile(Due(3, "mature", "x"), Due(1, "regrade"), Due(2, "mature", "y")).due == (
        Due(1, "regrade"),
        Due(2, "mature", "y"),
        Due(3, "mature", "x"),
    )


def test_scheduling_the_same_work_again_moves_it():
    assert a_profile(Due(3, "mature", "x"), Due(9, "mature", "x")).due == (Due(9, "mature", "x"),)


def test_when_there_is_too_much_what_is_due_last_leaves():
    profile = a_profile(*(Due(at, "mature", str(at)) for at in reversed(range(MAX_DUE + 5))))
    assert [due.due_ms for due in profile.due] == list(range(MAX_DUE))


def test_cancelled_work_is_gone_and_other_work_stays():
    profile = a_profile(Due(1, "mature", "x"), Due(2, "mature", "y"), Due(3, "regrade"))
    assert cancel(profile, "mature", "x").due == (Due(2, "mature", "y"), Due(3, "regrade"))
    assert cancel(profile, "regrade").due == (Due(1, "mature", "x"), Due(2, "mature", "y"))


def test_cancelling_what_is_not_there_changes_nothing():
    profile = a_profile(Due(1, "regrade"))
    assert cancel(profile, "mature", "x") is profile
