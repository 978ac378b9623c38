//! The intake through its public face: good files, bad files with their exact messages, and arbitrary bytes.

use proptest::prelude::*;
use seatless::app::intake::{self, COLUMNS, Column, Faults, Format, RowFault};
use seatless::app::settings::{Settings, Sources};
use seatless::domain::{Code, NewRequest, OnExisting, UserPrincipalName};
use std::io::{self, Read};
use std::path::Path;
use std::sync::LazyLock;

const CONFIG: &str = r#"
[tenants.contoso]
id = "11111111-2222-3333-4444-555555555555"
usage_location = "GB"
[tenants.contoso.sign_in]
client_id = "66666666-7777-8888-9999-000000000000"
[tenants.bare]
id = "21111111-2222-3333-4444-555555555555"
[tenants.bare.sign_in]
client_id = "66666666-7777-8888-9999-000000000000"
[environments.contoso-dev]
tenant = "contoso"
url = "https://contoso-dev.crm4.dynamics.com"
id = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
license = "sales"
business_unit = "Integrations"
security_roles = ["Service Reader", "Basic User"]
[environments.contoso-test]
tenant = "contoso"
url = "https://contoso-test.crm4.dynamics.com"
id = "baaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
license = "sales"
[environments.bare]
tenant = "bare"
url = "https://bare.crm4.dynamics.com"
id = "caaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
[licenses.sales]
sku = "DYN365_ENTERPRISE_SALES"
"#;

fn settings_from(text: &str) -> Settings {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seatless.toml");
    std::fs::write(&file, text).unwrap();
    Settings::load(Sources { file: Some(file), environment: [], overrides: Vec::new() }).unwrap()
}

static SETTINGS: LazyLock<Settings> = LazyLock::new(|| settings_from(CONFIG));

fn items(format: Format, content: &[u8]) -> Vec<Result<NewRequest, RowFault>> {
    intake::read(content, Some(format), "accounts", &SETTINGS).collect()
}

/// The requests of a file in which nothing is wrong.
fn good(format: Format, content: &str) -> Vec<NewRequest> {
    items(format, content.as_bytes())
        .into_iter()
        .map(|item| item.unwrap_or_else(|fault| panic!("{fault}\nin {content}")))
        .collect()
}

/// The messages about a file.
fn bad(format: Format, content: impl AsRef<[u8]>) -> Vec<String> {
    items(format, content.as_ref())
        .into_iter()
        .filter_map(Result::err)
        .map(|fault| fault.to_string())
        .collect()
}

fn bad_csv(rows: &str) -> Vec<String> {
    bad(Format::Csv, format!("upn,environment\n{rows}"))
}

#[test]
fn a_short_row_is_filled_from_the_config() {
    let requests = good(Format::Csv, "upn,environment\nSvc-Billing@Contoso.com, Contoso-DEV \n");
    insta::assert_json_snapshot!(requests, @r#"
    [
      {
        "tenant": "contoso",
        "environment": "contoso-dev",
        "pinned": {
          "tenant_id": "11111111-2222-3333-4444-555555555555",
          "environment_id": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
          "dataverse_origin": "https://contoso-dev.crm4.dynamics.com"
        },
        "account": {
          "user_principal_name": "svc-billing@contoso.com",
          "display_name": "svc-billing",
          "given_name": "svc-billing",
          "surname": "svc-billing",
          "usage_location": "GB",
          "license": "1e1a282c-9c54-43a2-9310-98ef728faace"
        },
        "membership": {
          "business_unit": "Integrations",
          "security_roles": [
            "Basic User",
            "Service Reader"
          ],
          "on_existing": "block"
        },
        "priority": 0
      }
    ]
    "#);
}

#[test]
fn a_full_row_keeps_what_it_says() {
    let csv = "User Principal-Name;ENVIRONMENT;display name;given_name;surname;license;usage_location;business_unit;\
               security_roles;on_existing;priority;external_id;note\r\n\
               a@b.com;contoso-dev;\"Billing; \"\"nightly\"\" service\";Bill;Ing;D365_SALES_PRO;us;Sales;\
               \"Writer; Reader;Writer\";Adopt;-7;0012;x\r\n\r\n";
    let request = good(Format::Csv, csv).remove(0);
    assert_eq!(request.account.display_name, "Billing; \"nightly\" service");
    assert_eq!((request.account.given_name.as_str(), request.account.surname.as_str()), ("Bill", "Ing"));
    assert_eq!(request.account.license.part_number(), Some("D365_SALES_PRO"));
    assert_eq!(request.account.usage_location, "US");
    assert_eq!(request.membership.business_unit.as_deref(), Some("Sales"));
    assert_eq!(request.membership.security_roles, ["Reader", "Writer"]);
    assert_eq!(request.membership.on_existing, OnExisting::Adopt);
    assert_eq!((request.priority, request.external_id.as_deref()), (-7, Some("0012")));
}

#[test]
fn names_come_from_the_display_name_and_are_never_empty() {
    let long = "x".repeat(70);
    for (display, given, surname) in [
        ("Billing", "Billing", "Billing"),
        ("Billing Service", "Billing", "Service"),
        ("The Billing  Service", "The Billing", "Service"),
        (&format!("{long} {long}"), &long[..64], &long[..64]),
    ] {
        let csv = format!("upn,environment,display_name\na@b.com,contoso-dev,{display}\n");
        let account = good(Format::Csv, &csv).remove(0).account;
        assert_eq!((account.given_name.as_str(), account.surname.as_str()), (given, surname));
    }
}

#[test]
fn every_form_of_csv_that_people_have_is_read() {
    let expected = good(Format::Csv, "upn,environment\na@b.com,contoso-dev\n");
    for csv in [
        "\u{feff}upn,environment\na@b.com,contoso-dev",
        "upn,environment\r\na@b.com,contoso-dev\r\n",
        "\n\nupn;environment\n\na@b.com;contoso-dev\n\n\n",
        "upn\tenvironment\na@b.com\tcontoso-dev\n,,,\n".trim_end_matches(",,,\n"),
        "upn,environment,\na@b.com,contoso-dev,\n,,\n",
        "\"upn\",\"environment\"\n\"a@b.com\",\"contoso-dev\"\n",
        "note,upn,environment\n,a@b.com,contoso-dev\n",
    ] {
        assert_eq!(good(Format::Csv, csv), expected, "{csv:?}");
    }
}

#[test]
fn the_same_rows_mean_the_same_in_every_format() {
    let csv = "upn,environment,display_name,usage_location,security_roles,priority,external_id,note\n\
               a@b.com,contoso-dev,\"Ä, \"\"b\"\"\",NO,R 1;R 2,5,007,\n\
               c@b.com,contoso-test,,,,,\"1,5\",on\n";
    let first = r#"{"upn": "a@b.com", "environment": "contoso-dev", "display_name": "\u00c4, \"b\"", "usage_location": "NO",
        "security_roles": ["R 2", "R 1"], "priority": 5, "external_id": "007", "note": null}"#;
    let second = r#"{"user_principal_name": "c@b.com", "environment": "contoso-test", "external_id": "1,5", "note": "on",
        "security_roles": ""}"#;
    let yaml = "- upn: a@b.com\n  environment: contoso-dev\n  display_name: 'Ä, \"b\"'\n  usage_location: NO\n  \
                security_roles:\n    - R 1\n    - R 2\n  priority: 5\n  external_id: 007\n  note:\n\
                # the second\n- {upn: c@b.com, environment: contoso-test, external_id: '1,5', note: on}\n";
    let expected = good(Format::Csv, csv);
    assert_eq!(expected.len(), 2);
    assert_eq!(expected[0].account.usage_location, "NO");
    assert_eq!(good(Format::Json, &format!(" [ {first} ,\n{second}\n]\n")), expected);
    assert_eq!(good(Format::Json, &format!("{first}\n{second}")), expected);
    let one_line = |text: &str| text.replace('\n', " ");
    assert_eq!(good(Format::JsonLines, &format!("{}\n\n{}\n", one_line(first), one_line(second))), expected);
    assert_eq!(good(Format::Yaml, yaml), expected);
    assert_eq!(good(Format::Yaml, &format!("[{first}, {second}]")), expected);
}

#[test]
fn a_format_is_found_by_name_extension_or_content() {
    let of = |path: &str| Format::detect(Path::new(path), None);
    assert_eq!(of("a/b.CSV"), Some(Format::Csv));
    assert_eq!(of("b.tsv"), Some(Format::Csv));
    assert_eq!(of("b.json"), Some(Format::Json));
    assert_eq!(of("b.ndjson"), Some(Format::JsonLines));
    assert_eq!(of("b.yml"), Some(Format::Yaml));
    assert_eq!(of("b.txt"), None);
    assert_eq!(Format::detect(Path::new("b.txt"), Some(Format::Json)), Some(Format::Json));
    assert!("xlsx".parse::<Format>().unwrap_err().to_string().contains("csv, json, jsonl and yaml"));
    let row = r#"{"upn": "a@b.com", "environment": "contoso-dev"}"#;
    for content in [
        "upn,environment\na@b.com,contoso-dev".to_owned(),
        format!("\n [{row}]"),
        format!("{row}\n"),
        row.replace(',', ",\n"),
    ] {
        let found: Vec<_> = intake::read(content.as_bytes(), None, "-", &SETTINGS).collect();
        assert!(found.len() == 1 && found[0].is_ok(), "{content}: {found:?}");
    }
}

#[test]
fn what_is_no_text_is_refused_by_its_name() {
    let utf16: Vec<u8> = "upn,environment".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let header = b"upn,environment\n";
    for (content, message) in [
        ([b"\xff\xfe".as_slice(), &utf16].concat(), "accounts:1: it is UTF-16; save it as UTF-8"),
        (b"\xfe\xff\0u".to_vec(), "accounts:1: it is UTF-16; save it as UTF-8"),
        (utf16, "accounts:1: the line holds a NUL character; the file may be UTF-16 or no text at all"),
        (
            b"PK\x03\x04xx".to_vec(),
            "accounts:1: it is an Excel workbook or another ZIP archive; save it as CSV in UTF-8",
        ),
        (b"\x1f\x8b\x08".to_vec(), "accounts:1: it is compressed with gzip; unpack it first"),
        (
            [header.as_slice(), b"a@b.com,contoso-dev\nM\xfcller@b.com,contoso-dev\n"].concat(),
            "accounts:3: byte 2 of it is not UTF-8; save the file as UTF-8",
        ),
        (
            [header.as_slice(), b"a\0@b.com,contoso-dev\n"].concat(),
            "accounts:2: the line holds a NUL character; the file may be UTF-16 or no text at all",
        ),
        (Vec::new(), "accounts:1: the file is empty"),
        (b"\xef\xbb\xbf\n \n".to_vec(), "accounts:1: the file is empty"),
        (header.to_vec(), "accounts:1: the file holds no requests"),
    ] {
        assert_eq!(bad(Format::Csv, content), [message]);
    }
    for (format, content) in [
        (Format::Json, ""),
        (Format::Json, "[]"),
        (Format::JsonLines, "\n"),
        (Format::Yaml, ""),
        (Format::Yaml, "[]"),
    ] {
        assert_eq!(bad(format, content), ["accounts:1: the file holds no requests"], "{format} {content:?}");
    }
}

#[test]
fn a_header_must_name_the_columns() {
    for (csv, messages) in [
        (
            "a@b.com,contoso-dev\n",
            vec!["accounts:1: the first line must name the columns, such as user_principal_name,environment"],
        ),
        (
            "upn,enviroment,upn\n",
            vec![
                "accounts:1: column enviroment: there is no such column; did you mean environment?",
                "accounts:1: column user_principal_name: the column stands in the header twice",
                "accounts:1: column environment: the column is missing in the header",
            ],
        ),
        (
            "\nenvironment\nx\n",
            vec!["accounts:2: column user_principal_name: the column is missing in the header"],
        ),
    ] {
        assert_eq!(bad(Format::Csv, csv), messages);
    }
}

#[test]
fn a_row_of_the_wrong_form_is_named_and_reading_goes_on() {
    let rows = "a@b.com\n\
                \"b@b.com\"x,contoso-dev\n\
                c@b.com,contoso\"-dev\n\
                d@b.com,contoso-dev,\n\
                e@b.com\r,contoso-dev\n\
                f@b.com,nowhere\n\
                \"g@b\n.com\",contoso-dev\n\
                h@b.com,contoso-dev\n";
    assert_eq!(
        bad_csv(rows),
        [
            "accounts:2: the row has 1 fields, but the header names 2",
            "accounts:3: field 1: something stands behind a closing quote; a field with quotes in it must be enclosed in quotes, and each quote within doubled",
            "accounts:4: field 2: a quote stands inside a field that does not begin with one; a field with quotes in it must be enclosed in quotes, and each quote within doubled",
            "accounts:5: the row has 3 fields, but the header names 2; a value with a , in it must be enclosed in quotes",
            "accounts:6: field 1 holds a lone carriage return; lines must end in LF or CRLF",
            "accounts:7: column environment: \"nowhere\" is not acceptable: the config names no such environment",
            "accounts:8: column user_principal_name: \"g@b\\n.com\" is not acceptable: the part after the @ must be an ASCII domain name such as contoso.com",
        ]
    );
    let good_rows = items(Format::Csv, format!("upn,environment\n{rows}").as_bytes());
    let last = good_rows.last().unwrap().as_ref().unwrap();
    assert_eq!(last.account.user_principal_name.as_str(), "h@b.com");
}

#[test]
fn an_open_quote_is_told_where_it_opens() {
    let message = "accounts:3: a quote opens in this row and is never closed";
    assert_eq!(bad_csv("a@b.com,contoso-dev\n\"b@b.com,contoso-dev\nc@b.com,contoso-dev\n"), [message]);
    let endless =
        format!("a@b.com,contoso-dev\n\"b@b.com,contoso-dev\n{}", "c@b.com,contoso-dev\n".repeat(100_000));
    assert_eq!(bad_csv(&endless), [message]);
}

#[test]
fn each_bad_value_has_its_sentence() {
    let csv = |column: &str, value: &str| format!("upn,environment,{column}\na@b.com,contoso-dev,{value}\n");
    let long = |length: usize| "é".repeat(length);
    let shown = "é".repeat(60);
    for (column, value, message) in [
        ("usage_location", "GBR", "\"GBR\" is not acceptable: it must be a country code of two letters, such as GB".to_owned()),
        ("display_name", "a\u{202e}b", "\"a\\u{202e}b\" is not acceptable: it holds the invisible character U+202E".to_owned()),
        ("note", "a\u{2028}b", "\"a\\u{2028}b\" is not acceptable: it holds the invisible character U+2028".to_owned()),
        ("note", "a\u{e0041}b", "\"a\\u{e0041}b\" is not acceptable: it holds the invisible character U+E0041".to_owned()),
        ("display_name", &long(257), format!("\"{shown}…\" is not acceptable: it has 257 characters, at most 256 are allowed")),
        ("given_name", &long(65), format!("\"{shown}…\" is not acceptable: it has 65 characters, at most 64 are allowed")),
        ("surname", &long(65), format!("\"{shown}…\" is not acceptable: it has 65 characters, at most 64 are allowed")),
        ("business_unit", &long(161), format!("\"{shown}…\" is not acceptable: it has 161 characters, at most 160 are allowed")),
        ("external_id", &long(201), format!("\"{shown}…\" is not acceptable: it has 201 characters, at most 200 are allowed")),
        ("note", &long(1_001), format!("\"{shown}…\" is not acceptable: it has 1001 characters, at most 1000 are allowed")),
        ("note", "\u{1b}[31m", "\"\\u{1b}[31m\" is not acceptable: it holds the invisible character U+001B".to_owned()),
        ("security_roles", &long(101), format!("\"{shown}…\" is not acceptable: in the name of a role: it has 101 characters, at most 100 are allowed")),
        ("on_existing", "replace", "\"replace\" is not acceptable: it must be block or adopt".to_owned()),
        ("priority", "1001", "\"1001\" is not acceptable: it must be a whole number from -1000 to 1000".to_owned()),
        ("priority", "high", "\"high\" is not acceptable: it must be a whole number from -1000 to 1000".to_owned()),
        ("license", "seles", "\"seles\" is not acceptable: it is no license of the config, no known part number, and no GUID; did you mean sales?".to_owned()),
    ] {
        assert_eq!(bad(Format::Csv, csv(column, value)), [format!("accounts:2: column {column}: {message}")]);
    }
    for (column, length) in [("display_name", 256), ("given_name", 64), ("external_id", 200), ("note", 1_000)]
    {
        assert!(bad(Format::Csv, csv(column, &long(length))).is_empty(), "{column} of {length}");
    }
    let roles: Vec<String> = (0..21).map(|n| format!("r{n}")).collect();
    let fault = bad(Format::Csv, csv("security_roles", &roles.join(";")));
    assert!(fault[0].ends_with("it names 21 roles, at most 20 are allowed"), "{fault:?}");
    assert!(bad(Format::Csv, csv("security_roles", &roles[..20].join(";"))).is_empty());
}

#[test]
fn all_faults_of_a_row_are_told() {
    let csv = "upn,environment,usage_location,priority\n,contoso-dve,GBR,x\nadm\u{456}n@b.com,,,\n";
    assert_eq!(
        bad(Format::Csv, csv),
        [
            "accounts:2: column environment: \"contoso-dve\" is not acceptable: the config names no such environment; did you mean contoso-dev or contoso-test?",
            "accounts:2: column user_principal_name: it is required but empty",
            "accounts:2: column usage_location: \"GBR\" is not acceptable: it must be a country code of two letters, such as GB",
            "accounts:2: column priority: \"x\" is not acceptable: it must be a whole number from -1000 to 1000",
            "accounts:3: column environment: it is required but empty",
            "accounts:3: column user_principal_name: \"admіn@b.com\" is not acceptable: the character і (U+0456) may not stand before the @; allowed are a-z 0-9 ' . - _ ! # ^ ~",
        ]
    );
}

#[test]
fn a_default_that_the_config_lacks_is_asked_for() {
    assert_eq!(
        bad_csv("a@b.com,bare\n"),
        [
            "accounts:2: column usage_location: it is required, since the tenant in the config has none",
            "accounts:2: column license: it is required, since the environment in the config has none",
        ]
    );
}

#[test]
fn the_same_request_twice_names_both_lines() {
    let rows = "a@b.com,contoso-dev\na@b.com,contoso-test\nＡ@B.com,CONTOSO-dev\na@b.com,contoso-test\n";
    assert_eq!(
        bad_csv(rows),
        [
            "accounts:4: column user_principal_name: \"a@b.com\" is not acceptable: the same user name in contoso-dev stands in line 2 already",
            "accounts:5: column user_principal_name: \"a@b.com\" is not acceptable: the same user name in contoso-test stands in line 3 already",
        ]
    );
    let codes: Vec<_> = items(Format::Csv, format!("upn,environment\n{rows}").as_bytes())
        .into_iter()
        .filter_map(Result::err)
        .map(|fault| fault.failure.code)
        .collect();
    assert_eq!(codes, [Code::IntakeDuplicate; 2]);
    // A row with another fault still counts, and the duplicate is told as well.
    let header = "upn,environment,priority\n";
    let faults = bad(Format::Csv, format!("{header}a@b.com,contoso-dev,x\na@b.com,contoso-dev,1\n"));
    assert_eq!(faults.len(), 2, "{faults:#?}");
}

#[test]
fn siblings_must_agree_about_their_user() {
    let header = "upn,environment,display_name,usage_location,license,note\n";
    let csv =
        format!("{header}a@b.com,contoso-dev,A B,,,\na@b.com,contoso-test,A C,FR,D365_SALES_PRO,other\n");
    let faults: Vec<_> = items(Format::Csv, csv.as_bytes()).into_iter().filter_map(Result::err).collect();
    assert!(faults.iter().all(|fault| fault.failure.code == Code::IntakeSiblings));
    let messages: Vec<_> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        messages,
        [
            "accounts:3: column display_name: \"A C\" is not acceptable: line 2 asks for the same user with another one",
            "accounts:3: column surname: \"C\" is not acceptable: line 2 asks for the same user with another one",
            "accounts:3: column usage_location: \"FR\" is not acceptable: line 2 asks for the same user with another one",
            "accounts:3: column license: \"be9f9771-1c64-4618-9907-244325141096\" is not acceptable: line 2 asks for the same user with another one",
        ]
    );
    // Another tenant has other users; and what belongs to the environment may differ.
    let free = format!(
        "{header}a@b.com,contoso-dev,A B,,,x\na@b.com,contoso-test,A B,,,y\na@b.com,bare,Z,FR,sales,\n"
    );
    assert_eq!(good(Format::Csv, &free).len(), 3);
    // The first row had another fault, so that the second one sets what the third must agree with.
    let late = format!("{header}a@b.com,contoso-dev,A B,GBR,,\na@b.com,contoso-test,A C,,,\n");
    assert_eq!(bad(Format::Csv, late).len(), 1);
}

#[test]
fn json_faults_name_their_line() {
    let row = r#"{"upn": "a@b.com", "environment": "contoso-dev"}"#;
    for (content, message) in [
        ("{\"upn\": 1".to_owned(), "1: the file ends within the object that begins here"),
        (format!("[{row},]"), "1: it is no valid JSON: expected an object behind the comma"),
        (format!("[{row}\n{row}]"), "2: it is no valid JSON: expected a comma or the closing ]"),
        (format!("[{row}"), "1: it is no valid JSON: expected a comma or the closing ]"),
        (format!("[{row}] x"), "1: it is no valid JSON: expected nothing behind the closing ]"),
        ("\n\"x\"".to_owned(), "2: it is no valid JSON: expected an array of objects, or an object"),
        (
            "[1]".to_owned(),
            "1: it is no valid JSON: invalid type: integer `1`, expected an object with the columns of a request (column 1)",
        ),
        ("[\n{\"upn\":\n x}]".to_owned(), "3: it is no valid JSON: expected value (column 2)"),
        (row.replace("upn", "upm"), "1: column upm: there is no such column; did you mean upn?"),
        (
            row.replace("\"a@b.com\"", "1.5"),
            "1: column user_principal_name: it must be a text, not a fraction; put it in quotes",
        ),
        (
            row.replace("\"a@b.com\"", "[\"a@b.com\"]"),
            "1: column user_principal_name: it must be a text, not a list",
        ),
        (row.replace("\"a@b.com\"", "{}"), "1: column user_principal_name: it must be a text, not an object"),
        (row.replace("\"a@b.com\"", "true"), "1: column user_principal_name: it must be a text, not true"),
        (
            row.replace('}', ", \"UPN\": \"a@b.com\"}"),
            "1: column user_principal_name: it stands in this row twice",
        ),
    ] {
        let faults = bad(Format::Json, &content);
        assert_eq!(faults[0], format!("accounts:{message}"), "{content}\nsays {faults:#?}");
    }
    let lines = format!("{row}\nnonsense\n{}\n", row.replace("a@b", "c@b"));
    assert_eq!(
        bad(Format::JsonLines, &lines),
        ["accounts:2: it is no valid JSON: expected ident (column 2)"]
    );
    assert_eq!(items(Format::JsonLines, lines.as_bytes()).len(), 3);
    let invalid = b"[\n{\"upn\": \"\xff\"}]";
    assert_eq!(
        bad(Format::Json, invalid),
        ["accounts:2: byte 10 of it is not UTF-8; save the file as UTF-8"]
    );
}

#[test]
fn yaml_faults_name_their_line() {
    for (content, line) in [
        ("- upn: a@b.com\n  environment: [contoso-dev\n", 2),
        ("- upn: a@b.com\n  environment: contoso-dev\n- upn: {a: b}\n", 3),
        ("- upn: a@b.com\n  upn: b@b.com\n", 2),
        ("upn: a@b.com\n", 1),
        ("- just a text\n", 1),
        ("- upn: a@b.com\n  enviroment: x\n  environment: contoso-dev\n", 1),
    ] {
        let faults = bad(Format::Yaml, content);
        let place = format!("accounts:{line}: ");
        assert!(faults.len() == 1 && faults[0].starts_with(&place), "{content}\nsays {faults:#?}");
    }
    let laughs = "- &a {upn: x}\n- &b [*a,*a,*a,*a,*a,*a,*a,*a]\n- [*b,*b,*b,*b,*b,*b,*b,*b]\n";
    assert_eq!(bad(Format::Yaml, laughs).len(), 1);
}

/// Endless bytes after a beginning; panics when more is asked for than a bounded reader needs.
struct Endless {
    start: &'static [u8],
    fill: u8,
    left: usize,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(self.left);
        let from_start = self.start.len().min(length);
        buffer[..from_start].copy_from_slice(&self.start[..from_start]);
        buffer[from_start..length].fill(self.fill);
        self.start = &self.start[from_start..];
        self.left -= length;
        Ok(length)
    }
}

#[test]
fn oversize_is_refused_without_being_kept() {
    let of = |format, start: &'static [u8], fill: u8| -> Vec<String> {
        let source = Endless { start, fill, left: 20_000_000 };
        intake::read(source, Some(format), "accounts", &SETTINGS)
            .filter_map(Result::err)
            .map(|fault| fault.to_string())
            .collect()
    };
    assert_eq!(of(Format::Csv, b"upn,environment\n", b'x'), ["accounts:2: the line is longer than 1 MiB"]);
    assert_eq!(of(Format::Csv, b"", b','), ["accounts:1: the line is longer than 1 MiB"]);
    assert_eq!(of(Format::JsonLines, b"{", b' '), ["accounts:1: the line is longer than 1 MiB"]);
    assert_eq!(
        of(Format::Json, b"[{\"upn\": \"", b'x'),
        ["accounts:1: the file ends within the object that begins here"]
    );
    let many = bad(Format::Csv, format!("upn,environment{}\n", ",".repeat(1_000)));
    assert_eq!(many, ["accounts:1: the row has more than 1000 fields"]);
}

#[test]
fn a_source_that_fails_is_told() {
    struct Fails;
    impl Read for Fails {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    for format in [Format::Csv, Format::Json, Format::JsonLines, Format::Yaml] {
        let early: Vec<_> = intake::read(Fails, Some(format), "accounts", &SETTINGS).collect();
        assert_eq!(early.len(), 1);
        assert_eq!(
            early[0].as_ref().unwrap_err().to_string(),
            "accounts:1: it cannot be read: the disk is gone"
        );
        let start = vec![b' '; 100_000];
        let late: Vec<_> = intake::read(start.chain(Fails), Some(format), "accounts", &SETTINGS).collect();
        assert_eq!(late.len(), 1, "{format}");
    }
}

#[test]
fn the_first_hundred_faults_are_kept_and_the_others_counted() {
    let mut faults = Faults::default();
    assert!(faults.is_empty());
    let rows = "x,contoso-dev\n".repeat(250);
    for fault in
        items(Format::Csv, format!("upn,environment\n{rows}").as_bytes()).into_iter().filter_map(Result::err)
    {
        faults.push(fault);
    }
    assert_eq!((faults.shown.len(), faults.left_out, faults.total()), (100, 150, 250));
    let text = faults.to_string();
    assert_eq!(text.lines().count(), 101);
    assert!(text.ends_with("\n... and 150 more"));
}

#[test]
fn the_list_of_columns_is_complete() {
    let required: Vec<_> = COLUMNS.iter().filter(|row| row.required).map(|row| row.column).collect();
    assert_eq!(required, [Column::UserPrincipalName, Column::Environment]);
    assert_eq!(COLUMNS.len(), 13);
    assert_eq!(Column::parse("UPN"), Some(Column::UserPrincipalName));
}

/// Pieces that files are made of, so that chance comes close to good ones.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"upn,environment\n".to_vec()),
        Just(b"a@b.com,contoso-dev\n".to_vec()),
        Just(b"{\"upn\":\"a@b.com\",\"environment\":\"contoso-dev\"}".to_vec()),
        Just(b"- upn: a@b.com\n  environment: contoso-test\n".to_vec()),
        proptest::sample::select(b"[]{},;:\"\\\n\r\t -#&*\0\xff\xef\xbb\xbf".to_vec())
            .prop_map(|byte| vec![byte]),
        proptest::collection::vec(any::<u8>(), 0..12),
        "[a-zA-Z\u{430}\u{ff21}.@' ]{0,12}".prop_map(String::into_bytes),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic_and_never_yield_an_invalid_name(content in pieces()) {
        for format in [Some(Format::Csv), Some(Format::Json), Some(Format::JsonLines), Some(Format::Yaml), None] {
            let found: Vec<_> = intake::read(&content[..], format, "accounts", &SETTINGS).collect();
            prop_assert!(!found.is_empty());
            for item in found {
                match item {
                    Ok(request) => {
                        let name = request.account.user_principal_name;
                        prop_assert_eq!(UserPrincipalName::parse(name.as_str()).unwrap(), name);
                    }
                    Err(fault) => prop_assert!(!fault.to_string().chars().any(char::is_control), "{:?}", fault),
                }
            }
        }
    }

    #[test]
    fn any_row_means_the_same_in_every_format(
        rows in proptest::collection::vec(("[a-z]{1,8}", "[ -~äß€]{0,30}", "[ -~]{0,20}", -1000..=1000_i32), 1..8)
    ) {
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let mut csv = "upn,environment,display_name,note,priority\n".to_owned();
        let mut objects = Vec::new();
        for (index, (name, display, note, priority)) in rows.iter().enumerate() {
            let upn = format!("{name}{index}@b.com");
            csv += &format!("{upn},contoso-dev,{},{},{priority}\n", quoted(display), quoted(note));
            objects.push(serde_json::json!({
                "upn": upn, "environment": "contoso-dev", "display_name": display, "note": note, "priority": priority
            }));
        }
        let expected = good(Format::Csv, &csv);
        prop_assert_eq!(expected.len(), rows.len());
        let json = serde_json::to_string_pretty(&objects).unwrap();
        prop_assert_eq!(&good(Format::Json, &json), &expected);
        let lines: String = objects.iter().map(|object| format!("{object}\n")).collect();
        prop_assert_eq!(&good(Format::JsonLines, &lines), &expected);
        let yaml = serde_saphyr::to_string(&objects).unwrap();
        prop_assert_eq!(&good(Format::Yaml, &yaml), &expected);
    }
}
