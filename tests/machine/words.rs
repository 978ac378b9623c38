//! The words that stand in the database, in JSON and on the screen: one word, wherever it is read or written.

use seatless::domain::{Code, Direction, Drift, DriftKind, EventKind, Failure, Scope, State, Status, Step};
use serde::{Serialize, de::DeserializeOwned};
use std::fmt::{Debug, Display};

fn in_json<T: Serialize + DeserializeOwned + PartialEq + Debug>(word: T, text: &str) {
    let stored = format!("{text:?}");
    assert_eq!(serde_json::to_string(&word).unwrap(), stored);
    assert_eq!(serde_json::from_str::<T>(&stored).unwrap(), word);
    serde_json::from_str::<T>(&format!("\"no {text}\"")).unwrap_err();
}

fn on_screen(word: impl Display, text: &str) {
    assert_eq!(word.to_string(), text);
    assert_eq!(format!("{word:>30}|"), format!("{text:>30}|"), "a column is as wide as it is asked to be");
}

#[test]
fn a_word_is_the_same_in_the_database_in_json_and_on_the_screen() {
    macro_rules! same {
        ($($kind:ident)*) => { $(
            for &word in $kind::ALL {
                assert_eq!($kind::parse(word.as_str()), Some(word));
                in_json(word, word.as_str());
                on_screen(word, word.as_str());
            }
            assert_eq!($kind::parse("no word"), None);
        )* };
    }
    same!(State Status Direction Step Scope EventKind);
}

#[test]
fn a_code_is_the_same_in_the_database_in_json_and_on_the_screen() {
    for &code in Code::ALL {
        assert_eq!(code.as_str().parse::<Code>().unwrap(), code);
        in_json(code, code.as_str());
        assert_eq!(code.to_string(), code.as_str());
    }
}

#[test]
fn a_drift_is_called_by_its_code() {
    for &kind in DriftKind::ALL {
        assert!(kind.code().as_str().starts_with("drift."), "{kind:?}");
        assert_eq!(DriftKind::of(kind.code()), Some(kind));
        in_json(kind, kind.code().as_str());
        let drift = Drift::new(kind, "what was\nseen");
        assert_eq!(drift.failure(), Failure::new(kind.code(), "what was seen"));
    }
    let drifts = Code::ALL.iter().filter(|code| code.as_str().starts_with("drift."));
    assert_eq!(drifts.count(), DriftKind::ALL.len());
    assert_eq!(DriftKind::of(Code::GraphUserGone), None);
    serde_json::from_str::<DriftKind>(&format!("{:?}", Code::GraphUserGone.as_str())).unwrap_err();
}
