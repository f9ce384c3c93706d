"""How it runs: Faust, Kafka, Redis, HTTP and the command line."""
