"""What time may bring about for the rules, put into the customer's due work: salaries, loan payments, complaints.

Due times hang on event times only. The work itself looks again whether its reason still holds, so that work which was
overtaken by a later event does nothing.
"""

from dataclasses import replace

from models import windows
from models.due import cancel, schedule
from models.policy import DAY_MS, HOUR_MS, Policy
from models.policy.rules import ComplaintDeadline, SalaryMissed
from schemas.events import Transaction
from schemas.profile import Due, Profile, short_id

SALARY, LOAN, COMPLAINT = "salary_due", "loan_due", "complaint_deadline"
LOAN_RHYTHM = 2  # so many payments within nine weeks make one expect the next


def plan(before: Profile, after: Profile, event: object, policy: Policy) -> Profile:
    """Put into the profile's due work what the event makes us wait for, and take out what it settled."""
    if after.salary is not before.salary:
        after = _plan_salary(after, policy)
    if after.complaints is not before.complaints:
        after = _plan_complaints(before, after, policy)
    if isinstance(event, Transaction) and event.kind == "loan_payment":
        after = _plan_loan(after, event, policy)
    return after


def _plan_salary(profile: Profile, policy: Policy) -> Profile:
    rule = policy.first("salary_missed")
    expected_ms = profile.salary.expected_ms
    if not isinstance(rule, SalaryMissed) or expected_ms is None:
        return profile
    return schedule(cancel(profile, SALARY, ""), Due(expected_ms + rule.grace_days * DAY_MS, SALARY))


def _plan_complaints(before: Profile, after: Profile, policy: Policy) -> Profile:
    rule = policy.first("complaint_deadline")
    if not isinstance(rule, ComplaintDeadline):
        return after
    known = {complaint.event_id for complaint in before.complaints}
    stand = {complaint.event_id for complaint in after.complaints}
    profile = after
    for closed in sorted(known - stand):
        profile = cancel(profile, COMPLAINT, short_id(closed))
    wait_ms = rule.deadline_days * DAY_MS - rule.hours_before * HOUR_MS
    for complaint in after.complaints:
        if complaint.event_id not in known:
            profile = schedule(profile, Due(complaint.opened_ms + wait_ms, COMPLAINT, short_id(complaint.event_id)))
    return profile


def _plan_loan(profile: Profile, event: Transaction, policy: Policy) -> Profile:
    """Expect the next payment one gap after one that was booked and is part of a rhythm."""
    if event.status != "booked" or policy.first("loan_missed") is None:
        return profile
    if windows.of_kind(profile, "loan_payment", "63d", event.occurred_ms).count < LOAN_RHYTHM:
        return profile
    wait_ms = (policy.bank.loan_gap_days + policy.bank.loan_grace_days) * DAY_MS
    return schedule(cancel(profile, LOAN, ""), Due(event.occurred_ms + wait_ms, LOAN))


def miss_salary(profile: Profile, due: Due) -> Profile:
    """Note that the salary is missing since the day on which it was expected."""
    if profile.salary.expected_ms is None:
        return profile
    return replace(profile, salary=profile.salary._replace(missed_since_ms=profile.salary.expected_ms))


def miss_loan(profile: Profile, due: Due, policy: Policy) -> Profile:
    """Count a loan payment that did not come, and wait for the next while there is a warning left to give."""
    missed = profile.loan_missed + 1
    profile = replace(profile, loan_missed=missed)
    if missed >= max((rule.missed for rule in policy.rules.rule if rule.check == "loan_missed"), default=0):
        return profile
    return schedule(profile, Due(due.due_ms + policy.bank.loan_gap_days * DAY_MS, LOAN))
