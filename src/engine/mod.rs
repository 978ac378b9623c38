//! Lanes, claims and timers: the machinery that moves groups of requests. Knows no Microsoft.
