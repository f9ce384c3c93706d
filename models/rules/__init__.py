"""Alerts by rules: `judge` asks those that listen to an event, the others are asked by time."""

from models.rules.judge import CHECKS, alert_expires, complaint_deadline, judge, loan_due, salary_due, silence

__all__ = ["CHECKS", "alert_expires", "complaint_deadline", "judge", "loan_due", "salary_due", "silence"]
