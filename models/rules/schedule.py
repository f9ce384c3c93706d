"""What time may bring about for the rules, put into the customer's due work: salaries, loan payments, complaints.

Due times hang on event times only. The work itself looks again whether its reason still holds, so that work which was
overtaken by a later event does nothing.
"""

from dataclasses import replace

from models.due import cancel, schedule
from models.facts.loans import unpaid
from models.policy import DAY_MS, HOUR_MS, Policy
from models.policy.rules import ComplaintDeadline, LoanMissed, SalaryMissed
from models.rings.windows import home_day_start_ms
from schemas.profile import LOAN_RHYTHM, Due, Profile, short_id

SALARY, LOAN, COMPLAINT = "salary_due", "loan_due", "complaint_deadline"


def plan(before: Profile, after: Profile, policy: Policy) -> Profile:
    """Put into the profile's due work what the event makes us wait for, and take out what it settled."""
    if after.salary is not before.salary:
        after = _plan_salary(after, policy)
    if after.complaints is not before.complaints or after.answers is not before.answers:
        after = _plan_complaints(before, after, policy)
    if after.loans is not before.loans:
        after = _plan_loans(before, after, policy)
    return after


def _plan_salary(profile: Profile, policy: Policy) -> Profile:
    rule = policy.first("salary_missed")
    expected_ms = profile.salary.expected_ms
    if not isinstance(rule, SalaryMissed) or expected_ms is None:
        return profile
    return schedule(cancel(profile, SALARY, ""), Due(expected_ms + rule.grace_days * DAY_MS, SALARY))


def _plan_complaints(before: Profile, after: Profile, policy: Policy) -> Profile:
    """Wait for the deadline of every complaint that is remembered, also where it is answered: it may stand again.

    So it is planned once, and nobody is told of it twice.
    """
    rule = policy.first("complaint_deadline")
    if not isinstance(rule, ComplaintDeadline):
        return after
    heard_of = {complaint.event_id: complaint for complaint in before.all_complaints()}
    remembered = {complaint.event_id: complaint for complaint in after.all_complaints()}
    profile = after
    for forgotten in sorted(heard_of.keys() - remembered.keys()):
        profile = cancel(profile, COMPLAINT, short_id(forgotten))
    wait_ms = rule.deadline_days * DAY_MS - rule.hours_before * HOUR_MS
    for event_id in sorted(remembered.keys() - heard_of.keys()):
        due_ms = remembered[event_id].opened_ms + wait_ms
        profile = schedule(profile, Due(due_ms, COMPLAINT, short_id(event_id)))
    return profile


def _plan_loans(before: Profile, after: Profile, policy: Policy) -> Profile:
    profile = after
    for gone in sorted(before.loans.keys() - after.loans.keys()):
        profile = cancel(profile, LOAN, gone)
    for name in after.loans:
        if after.loans[name] != before.loans.get(name):
            profile = _plan_loan(profile, name, policy)
    return profile


def _plan_loan(profile: Profile, name: str, policy: Policy) -> Profile:
    """Wait for the next instalment of a loan with a rhythm, and its grace, while there is a warning left to give."""
    loan = profile.loans[name]
    warnings = [rule.missed for rule in policy.rules_on.get(f"due:{LOAN}", ()) if isinstance(rule, LoanMissed)]
    if loan.paid < LOAN_RHYTHM or loan.missed >= max(warnings, default=0):
        return cancel(profile, LOAN, name)
    late_on = loan.day + policy.bank.loan_gap_days + policy.bank.loan_grace_days + 1
    return schedule(profile, Due(home_day_start_ms(late_on), LOAN, name))


def miss_salary(profile: Profile, due: Due) -> Profile:
    """Note that the salary is missing since the day on which it was expected."""
    if profile.salary.expected_ms is None:
        return profile
    return replace(profile, salary=profile.salary._replace(missed_since_ms=profile.salary.expected_ms))


def miss_loan(profile: Profile, due: Due, policy: Policy) -> Profile:
    """Count the instalment that did not come, and wait for the next."""
    loan = profile.loans.get(due.about)
    if loan is None:
        return profile
    missed = {**profile.loans, due.about: unpaid(loan, policy.bank.loan_gap_days)}
    return _plan_loan(replace(profile, loans=missed), due.about, policy)
