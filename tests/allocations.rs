//! What a check allocates once the target knows its model: nothing, for a request that leaves nothing to say.

use imagewire_types::{Background, CreateImageRequest, OutputFormat, Quality, Size};
use imagewire_validate::{Target, check, check_json};

fn request() -> CreateImageRequest {
    CreateImageRequest::new("Eine Möwe über dem Watt, in weichen Lasuren gemalt")
        .model("gpt-image-1.5")
        .n(2)
        .size(Size::new(1536, 1024))
        .quality(Quality::High)
        .background(Background::Transparent)
        .moderation("auto")
        .output_format(OutputFormat::Webp)
        .output_compression(80)
        .stream(false)
        .partial_images(0)
        .user("user123456")
}

#[test]
fn a_request_that_leaves_nothing_to_say_allocates_nothing() {
    let request = request();
    let body = serde_json::to_vec(&request).expect("JSON");
    for (dialect, model) in [("fastapi-2026", "gpt-image-1.5"), ("truefoundry", "openai-main/gpt-image-1.5")]
    {
        let target = Target::new(dialect).expect("a service").served_by(model);
        let typed = allocation_counter::measure(|| assert_eq!(check(&request, &target).findings(), []));
        assert_eq!(typed.count_total, 0, "typed, {model} at {dialect}");
        let bytes = allocation_counter::measure(|| assert_eq!(check_json(&body, &target).findings(), []));
        assert_eq!(bytes.count_total, 0, "from bytes, {model} at {dialect}");
        let cloned = allocation_counter::measure(|| drop(target.clone()));
        assert_eq!(cloned.count_total, 0, "a target is cheap to clone");
    }
}

#[test]
fn the_counter_counts() {
    let target = Target::new("fastapi-2026").expect("a service").served_by("gpt-image-1.5");
    let refused = allocation_counter::measure(|| assert!(!check(&request().n(11), &target).is_accepted()));
    assert!(refused.count_total > 0);
}
