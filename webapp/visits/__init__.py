"""流动办公桌: what was done for residents, at a station or at their door, and when the desk stands where."""
