"""DSPBench's fraud detection (IEEE Access 2020), made again from its description."""
