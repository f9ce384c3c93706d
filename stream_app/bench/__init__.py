"""Measuring: processes by their CPU time, an open-loop generator, a collector, histograms, sustainable throughput."""
