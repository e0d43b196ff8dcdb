"""Two runs side by side: what they did, without addresses, cookies and times (docs/compare.md)."""
