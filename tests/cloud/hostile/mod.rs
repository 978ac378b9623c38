//! A service that means ill, or is out of its mind: the real client over the real transport against a listener that says
//! anything. Whatever it says, a call ends within its deadline, with a verdict of ours, and nothing is believed that is about
//! somebody else.

mod bodies;
mod calls;
mod framing;
mod hours;
mod listener;
mod time;
mod tls;
mod urls;
