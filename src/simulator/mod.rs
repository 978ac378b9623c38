//! A faithful fake of the Microsoft cloud over HTTP; shares no type with the rest.
