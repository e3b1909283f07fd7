use std::fs;

use serde_json::json;
use tempfile::TempDir;

use super::*;

fn read_text(name: &str, text: impl AsRef<[u8]>) -> Input {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    let defaults = json!({ "model": "dall-e-2" });
    read(&path, defaults.as_object().unwrap()).unwrap()
}

fn ids(input: &Input) -> Vec<&str> {
    input.items.iter().map(|item| item.id.as_str()).collect()
}

fn faults(input: &Input) -> Vec<String> {
    input.faults.iter().map(ToString::to_string).collect()
}

#[test]
fn lines_of_every_make_are_read() {
    let input = read_text(
        "x.jsonl",
        "\u{feff}{\"id\":\"fox\",\"prompt\":\"a fox\",\"size\":\"256x256\"}\r\n\n   \n{\"id\":7,\"prompt\":\"x\",\"model\":\"dall-e-3\"}\n{\"prompt\":\"An owl, at night!\",\"user\":null}",
    );
    assert_eq!(faults(&input), Vec::<String>::new());
    let third = &input.items[2];
    assert_eq!(ids(&input), ["fox", "7", &third.id]);
    assert!(third.id.starts_with("an-owl-at-night-") && third.id.len() == 28, "{}", third.id);
    assert_eq!((input.items[1].place.as_str(), third.place.as_str()), ("line 4", "line 5"));
    let models: Vec<_> =
        input.items.iter().map(|item| item.request.model.as_ref().unwrap().as_str()).collect();
    assert_eq!(models, ["dall-e-2", "dall-e-3", "dall-e-2"]);
    assert!(third.request.extra.is_empty() && third.request.user.is_none());
}

#[test]
fn bad_lines_are_named_with_their_remedy_and_without_their_prompt() {
    let long = format!("{{\"prompt\":\"{}\"}}", "x".repeat(2 << 20));
    let lines = [
        "{\"prompt\":\"SECRET\"",
        "{\"prompt\":\"SECRET\",\"n\":\"SECRET\"}",
        "{\"prompt\":\"SECRET\",\"prompt\":\"SECRET 2\"}",
        "[\"SECRET\"]",
        "{\"n\":1}",
        "{\"id\":\"\",\"prompt\":\"SECRET\"}",
        "{\"id\":[1],\"prompt\":\"SECRET\"}",
        "{\"id\":\"a\",\"prompt\":\"SECRET\"}",
        "{\"id\":\"a\",\"prompt\":\"SECRET\"}",
        "{\"prompt\":\"SECRET\",\"stream\":true}",
        "{\"prompt\":\"SECRET\"}",
        "{\"prompt\":\"SECRET\"}",
        "SECRET",
        &long,
        "{\"prompt\":\"  \"}",
        "{\"id\":\"last\",\"prompt\":\"SECRET\"}",
    ];
    let input = read_text("x.jsonl", lines.join("\n"));
    assert_eq!(input.items.len(), 4);
    assert_eq!(
        faults(&input),
        [
            "line 1: the line is not JSON: EOF while parsing an object at line 1 column 18; write one JSON object on the line",
            "line 2: `n` is text; a whole number is expected",
            "line 3: `prompt` stands twice in its object: keep one of the two",
            "line 4: the line is an array; an object is expected",
            "line 5: `prompt` is missing: every request needs it",
            "line 6: the id is empty; leave it out or fill it in",
            "line 7: the id is no text; write it in quotes",
            "line 9: the id \"a\" is taken by line 8; give each item one of its own",
            "line 12: the same request is in line 11; give both an id if you want both",
            "line 13: the line is not JSON: expected value at line 1 column 1; write one JSON object on the line",
            "line 14: the line is longer than 1 MiB; write one request on it",
            "line 15: the prompt is empty; say what the picture shows",
        ]
    );
}

#[test]
fn tables_name_their_columns() {
    let input = read_text(
        "x.csv",
        "id,prompt,n,size\r\nfox,\"a fox, red\",1,256x256\nowl,\"an owl\nat night\",,\n,no id,2,\nbad,x,two,\nshort,row\n,,,\n",
    );
    assert_eq!(ids(&input)[..2], ["fox", "owl"]);
    assert_eq!(input.items[1].request.prompt, "an owl\nat night");
    assert_eq!((input.items[0].request.n, input.items[1].request.n), (Some(1), None));
    assert_eq!(
        faults(&input),
        [
            "line 6: `n` is a whole number; write digits alone",
            "line 7: the row has 2 cells, and the first line has 4; put texts with commas into quotes",
            "line 8: the prompt is empty; say what the picture shows",
        ]
    );
    let input = read_text("x.tsv", "prompt\tid\na fox, red\tfox\n");
    assert_eq!((ids(&input), input.items[0].request.prompt.as_str()), (vec!["fox"], "a fox, red"));
}

#[test]
fn tables_without_sense_say_why() {
    for (text, expected) in [
        ("promt,id\nx,y\n", "the column \"promt\" is no member of a request"),
        ("id\nx\n", "no column is named `prompt`"),
        ("prompt,prompt\nx,y\n", "the column \"prompt\" stands twice"),
    ] {
        let input = read_text("x.csv", text);
        assert!(faults(&input)[0].contains(expected), "{:?}", faults(&input));
        assert!(input.items.is_empty());
    }
}

#[test]
fn a_folder_of_texts() {
    let folder = TempDir::new().unwrap();
    for (name, text) in [
        ("owl.txt", "an owl\n"),
        ("Fox.md", "\u{feff}a fox"),
        (".hidden.txt", "x"),
        ("notes.pdf", "x"),
        ("void.txt", " "),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let input = read(folder.path(), &Map::new()).unwrap();
    assert_eq!(ids(&input), ["Fox", "owl"]);
    assert_eq!(input.items[0].request.prompt, "a fox");
    assert_eq!(faults(&input), ["void.txt: the file is empty; say what the picture shows"]);
    let void = TempDir::new().unwrap();
    assert_eq!(read(void.path(), &Map::new()).unwrap_err().kind(), ErrorKind::Input);
}

#[test]
fn ids_of_lines_without_one_follow_the_content_and_not_the_line() {
    let one = read_text("x.jsonl", "{\"prompt\":\"a\"}\n{\"prompt\":\"b\"}");
    let two = read_text(
        "x.jsonl",
        "{\"prompt\":\"b\"}\n\n{\"size\":\"256x256\",\"prompt\":\"a\"}\n{\"prompt\":\"a\"}",
    );
    assert_eq!((ids(&one)[0], ids(&one)[1]), (ids(&two)[2], ids(&two)[0]));
}

#[test]
fn no_bytes_make_the_reader_fail() {
    for text in
        [&b"\xff\xfe{\0}"[..], b"{\"prompt\":\"\xff\"}", b"\0\0\0", b"", b"\n\n", b"{}{}", b"\xef\xbb\xbf"]
    {
        let input = read_text("x.jsonl", text);
        assert!(input.items.is_empty(), "{text:?}");
        read_text("x.csv", text);
    }
}
