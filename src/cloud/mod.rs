//! Clients for the four Microsoft services over one transport. Knows no request.
