"""Pictures and pages that people read: montages, Table 2, leaderboards."""
