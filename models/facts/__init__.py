"""What the fold keeps beside the rings: money, bonds, loans, purchases, a day's eve; `models.fold` calls each part."""
