use imagewire_types::{Quality, TokenDetails};

use super::*;

fn request(quality: &str, size: &str) -> CreateImageRequest {
    CreateImageRequest::new("An isolated stop sign.").quality(Quality::from(quality)).size(size)
}

fn known(cost: Cost) -> Known {
    match cost {
        Cost::Known(known) => known,
        Cost::Unknown(unknown) => panic!("unknown: {}", unknown.why),
    }
}

fn why(cost: Cost) -> String {
    match cost {
        Cost::Known(known) => panic!("known: {known:?}"),
        Cost::Unknown(unknown) => unknown.why,
    }
}

fn openai(request: &CreateImageRequest, model: &str) -> Cost {
    Prices::built_in().estimate(request, "openai", Some(model))
}

#[test]
fn the_built_in_prices_are_sound_and_have_sources() {
    let mut prices = Prices::default();
    if let Err(problems) = prices.add("prices.json", include_str!("../../prices.json")) {
        panic!("{problems}");
    }
    assert_eq!(&prices, Prices::built_in());
    for price in prices.entries() {
        assert!(!price.sources.is_empty(), "{:?}", price.models);
        for model in &price.models {
            assert!(imagewire_validate::Catalogue::built_in().model(model).is_some(), "{model}");
        }
    }
}

#[test]
fn the_estimate_holds_what_a_recorded_answer_used() {
    // Recorded: two images of 1024x1536 in high quality took 12,480 output and 22 input tokens.
    let usage = Usage::new()
        .input_tokens(22)
        .input_tokens_details(TokenDetails::new().text_tokens(22).image_tokens(0))
        .output_tokens(12_480)
        .output_tokens_details(TokenDetails::new().text_tokens(0).image_tokens(12_480));
    let request = request("high", "1024x1536").n(2);
    let actual = known(Prices::built_in().actual(&request, Some(&usage), 2, "openai", Some("gpt-image-1")));
    assert_eq!((actual.low, actual.high), (Money::from_micros(499_310), Money::from_micros(499_310)));
    let estimate = known(openai(&request, "gpt-image-1"));
    assert!(estimate.low <= actual.low && actual.high <= estimate.high, "{estimate:?}");
    assert!(estimate.high.micros() < 500_000, "{estimate:?}");
}

#[test]
fn what_is_left_open_widens_the_range() {
    let narrow = known(openai(&request("low", "1024x1024"), "gpt-image-1"));
    let wide = known(openai(&CreateImageRequest::new("An isolated stop sign."), "gpt-image-1"));
    assert_eq!(narrow.low, wide.low);
    assert!(wide.high.micros() > 20 * narrow.high.micros(), "{wide:?} {narrow:?}");
    let streamed = request("low", "1024x1024").stream(true).partial_images(3);
    let streamed = known(openai(&streamed, "gpt-image-1"));
    assert_eq!(streamed.low, narrow.low);
    assert_eq!(streamed.high.micros(), narrow.high.micros() + 3 * 100 * 40);
}

#[test]
fn free_sizes_follow_the_formula() {
    // What the service's own calculator says for high quality.
    for (size, tokens) in
        [("1024x1024", 7024), ("1536x1024", 5488), ("1792x1024", 5063), ("3584x2048", 12_329)]
    {
        let known = known(openai(&request("high", size), "gpt-image-2"));
        let least = known.low.micros();
        assert_eq!(least, tokens * 30 + 5, "{size}");
    }
}

#[test]
fn models_go_by_every_name() {
    let request = request("low", "1024x1024");
    let prices = Prices::built_in();
    for name in ["gpt-image-2", "gpt-image-2-2026-04-21", "account/gpt-image-2"] {
        assert_eq!(openai(&request, name), openai(&request, "gpt-image-2"), "{name}");
    }
    assert!(known(openai(&CreateImageRequest::new("x").size("256x256"), "dall-e-2")).high.micros() == 16_000);
    assert_eq!(
        why(prices.estimate(&request, "hicap", None)),
        "the deployment does not tell which model draws"
    );
}

#[test]
fn what_no_source_says_is_unknown() {
    let prices = Prices::built_in();
    let one = request("low", "1024x1024");
    assert_eq!(
        why(prices.estimate(&one, "fastapi", Some("gpt-image-1"))),
        "no price of gpt-image-1 at fastapi is known"
    );
    assert_eq!(why(openai(&one, "somebodys-model")), "no price of somebodys-model at openai is known");
    assert_eq!(
        why(openai(&request("ultra", "1024x1024"), "gpt-image-1")),
        "no price for quality ultra is known"
    );
    assert_eq!(why(openai(&request("low", "1000x1000"), "gpt-image-1")), "no price for 1000x1000 is known");
    assert!(why(openai(&one, "gpt-image-2.5-flare")).contains("how many tokens"));
    let svg = one.clone().output_format("svg");
    assert!(why(openai(&svg, "gpt-image-2.6-sunburst")).contains("svg"));
    assert_eq!(
        why(prices.actual(&one, None, 1, "openai", Some("gpt-image-1"))),
        "the service reported no usage"
    );
    let text_made = Usage::new()
        .input_tokens(1)
        .output_tokens(9)
        .output_tokens_details(TokenDetails::new().text_tokens(9));
    assert!(
        why(prices.actual(&one, Some(&text_made), 1, "openai", Some("gpt-image-1")))
            .contains("text that is made")
    );
}

#[test]
fn own_prices_come_first_and_mistakes_are_told_with_their_places() {
    let mut prices = Prices::built_in().clone();
    prices
        .add(
            "mine.json",
            r#"{ "prices": [{ "dialects": ["*"], "models": ["dall-e-3"], "image_usd": { "standard": { "1024x1024": 0.05 } },
                "sources": [{ "covers": "all", "title": "Our contract", "url": "https://example.com/", "checked": "2026-11-01" }] }] }"#,
        )
        .expect("sound");
    let mine = known(prices.estimate(&CreateImageRequest::new("x").n(3), "fastapi", Some("dall-e-3")));
    assert_eq!(
        (mine.low.micros(), mine.high.micros(), mine.checked()),
        (150_000, 150_000, Some("2026-11-01"))
    );
    let after =
        known(prices.actual(&CreateImageRequest::new("x").n(3), None, 2, "fastapi", Some("dall-e-3")));
    assert_eq!(after.high.micros(), 100_000);
    let before = prices.clone();
    for (text, expected) in [
        ("{", "mine.json:1:"),
        (r#"{ "prices": [] }"#, "no `prices`"),
        (r#"{ "price": [] }"#, "`price` is not a keyword of a price file"),
        (
            r#"{ "prices": [{ "dialects": ["a"], "models": ["b"], "sources": [] }] }"#,
            "there is no price in it",
        ),
        (
            "{ \"prices\": [{ \"dialects\": [\"a\"], \"models\": [\"b\"],\n \"image_usd\": { \"hd\": { \"1x1\": -1 } } }] }",
            "mine.json:2:32: at /prices/0/image_usd/hd/1x1: not a number",
        ),
        (
            r#"{ "prices": [{ "dialects": ["a"], "models": ["b"], "image_usd": { "hd": { "big": 1 } } }] }"#,
            "`big` is not a size",
        ),
        (
            r#"{ "prices": [{ "dialects": ["a"], "models": ["b"], "usd_per_million_tokens": { "text_input": 0.12345 } }] }"#,
            "at most 3 decimals",
        ),
    ] {
        let problems = prices.add("mine.json", text).expect_err(text).to_string();
        assert!(problems.contains(expected), "{problems}");
    }
    assert_eq!(prices, before);
}

#[test]
fn costs_read_as_sentences() {
    let known = Known {
        low: Money::from_micros(10_000),
        high: Money::from_micros(170_000),
        basis: Basis::Prices,
        sources: Prices::built_in().entries()[0].sources.clone(),
    };
    assert_eq!(Cost::Known(known.clone()).to_string(), "$0.01 to $0.17 (prices of 2026-11-22)");
    let used = Known { low: known.high, basis: Basis::Usage, ..known };
    assert_eq!(Cost::Known(used.clone()).to_string(), "$0.17 (from usage; prices of 2026-11-22)");
    let both = Cost::Known(used.clone()).and(Cost::Known(used.clone()));
    assert_eq!(both.high(), Some(Money::from_micros(340_000)));
    let unknown = Cost::Unknown(Unknown { why: "no price is known".to_owned() });
    assert_eq!(unknown.to_string(), "unknown: no price is known");
    assert_eq!(Cost::Known(used).and(unknown).high(), None);
}
