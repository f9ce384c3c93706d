"""ESPBench's query 3 (ICPE 2021), made again from its description."""
