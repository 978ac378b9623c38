//! The steps that make an account: the only place where engine and cloud meet.
