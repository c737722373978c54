"""What embedding costs, and who hears of it: prices, estimates, budgets; usage trackers and OpenTelemetry."""
