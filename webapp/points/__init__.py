"""积分: rules, the ledger, rewards, redemptions."""
