//! What a failure tells a person, and what of it is stored.

use seatless::domain::{Code, Failure};

#[test]
fn a_failure_is_told_by_its_sentence_what_was_special_and_what_to_do() {
    let row = Code::GraphRefused.row();
    let failure = Failure::new(Code::GraphRefused, "It said so.");
    assert_eq!(failure.to_string(), format!("{} It said so.", row.sentence));
    assert_eq!(Failure::new(Code::GraphRefused, "").to_string(), row.sentence);
    assert_eq!(failure.hint(), row.hint);
}

#[test]
fn a_stored_failure_keeps_its_code_and_where_microsoft_finds_it() {
    let failure = Failure::new(Code::GraphRefused, "It said so.").seen_as(["a".to_owned(), "b".to_owned()]);
    let stored = r#"{"code":"graph.refused","message":"It said so.","remote_request_ids":["a","b"]}"#;
    assert_eq!(serde_json::to_string(&failure).unwrap(), stored);
    assert_eq!(serde_json::from_str::<Failure>(stored).unwrap(), failure);
    serde_json::from_str::<Failure>(r#"{"code":"graph.no-such-code","message":""}"#).unwrap_err();
    assert_eq!("graph".parse::<Code>().unwrap_err().to_string(), r#"no failure code is called "graph""#);
}
