"""What things cost, as ratios measured in one run: `make bench` prints the table and fails when a bound is broken."""
