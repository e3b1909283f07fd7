//! Properties of drawn pictures, checked on decoded files.

use std::collections::BTreeSet;

use image::{ColorType, DynamicImage, GenericImageView, ImageFormat};

use super::caption::{printable, shorten};
use super::{DEFAULT_TEXTURE, Format, Picture, draw};

fn picture(prompt: &str, width: u32, height: u32) -> Picture {
    Picture {
        prompt: prompt.to_owned(),
        width,
        height,
        format: Format::Png,
        compression: None,
        transparent: false,
        index: 0,
        seed: 7,
        texture: DEFAULT_TEXTURE,
        roughness: 0,
    }
}

fn bytes(picture: &Picture) -> Vec<u8> {
    draw(picture).expect("drawing")
}

fn decoded(picture: &Picture) -> DynamicImage {
    let format = ImageFormat::from_mime_type(picture.format.media_type()).expect("media type");
    image::load_from_memory_with_format(&bytes(picture), format).expect("decoding")
}

#[test]
fn same_picture_same_bytes() {
    for format in [Format::Png, Format::Jpeg, Format::Webp, Format::Gif] {
        for transparent in [false, true] {
            let picture = Picture { format, transparent, ..picture("a corgi", 160, 120) };
            assert_eq!(bytes(&picture), bytes(&picture.clone()));
        }
    }
}

#[test]
fn dimensions_and_color_type_are_exact() {
    for (width, height) in [(1, 1), (16, 16), (48, 16), (257, 131), (300, 100), (100, 301)] {
        for format in [Format::Png, Format::Jpeg, Format::Webp] {
            for transparent in [false, true] {
                let picture = Picture { format, transparent, ..picture("a lighthouse", width, height) };
                let image = decoded(&picture);
                assert_eq!(image.dimensions(), (width, height));
                let alpha = transparent && format != Format::Jpeg;
                let color = if alpha { ColorType::Rgba8 } else { ColorType::Rgb8 };
                assert_eq!(image.color(), color, "{picture:?}");
            }
        }
    }
}

#[test]
fn transparent_pictures_have_clear_corners_and_an_opaque_motif() {
    for index in 0..6 {
        for (width, height) in [(128, 128), (192, 64), (16, 16)] {
            let picture = Picture { transparent: true, index, ..picture("a red cube", width, height) };
            let image = decoded(&picture).to_rgba8();
            for (x, y) in [(0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)] {
                assert_eq!(image.get_pixel(x, y).0, [0; 4], "{width}x{height}");
            }
            assert_eq!(image.get_pixel(width / 2, height / 2).0[3], 255);
        }
    }
}

#[test]
fn prompt_index_and_seed_change_the_picture() {
    let mut seen = BTreeSet::new();
    for prompt in ["a corgi", "a corgi ", "an otter", ""] {
        for index in 0..4 {
            for seed in [0, 1] {
                let mut picture = picture(prompt, 96, 96);
                picture.index = index;
                picture.seed = seed;
                // Without grain, so that a difference is one of the drawing.
                picture.texture = 0;
                assert!(seen.insert(bytes(&picture)), "{picture:?}");
            }
        }
    }
}

#[test]
fn sizes_share_a_palette() {
    let mean = |width, height| {
        // Above the mark, whose share of the picture varies.
        let image = decoded(&picture("a quiet village", width, height)).to_rgb8();
        let rows = image.rows().take(height as usize / 2);
        let (mut sum, mut count) = ([0_u64; 3], 0);
        for pixel in rows.flatten() {
            count += 1;
            for (sum, channel) in sum.iter_mut().zip(pixel.0) {
                *sum += u64::from(channel);
            }
        }
        sum.map(|sum| sum / count)
    };
    for (a, b) in mean(256, 256).into_iter().zip(mean(512, 512)) {
        assert!(a.abs_diff(b) <= 4, "{a} {b}");
    }
}

#[test]
fn the_badge_is_there_at_every_size() {
    for (width, height) in [(16, 16), (48, 16), (64, 64), (256, 256), (1792, 1024)] {
        let picture = Picture { texture: 0, ..picture("a corgi", width, height) };
        let image = decoded(&picture).to_rgb8();
        let badge = image.pixels().filter(|p| p.0 == [255, 210, 31]).count();
        let share = badge as f64 / f64::from(width * height);
        assert!(share > 0.005, "{width}x{height}: {share}");
    }
}

#[test]
fn extreme_sizes_work_and_impossible_ones_are_errors() {
    for (width, height) in [(16, 16), (48, 16), (3840, 1280), (1, 4096), (4096, 1)] {
        assert!(draw(&picture("a panorama", width, height)).is_ok());
    }
    for (width, height) in [(0, 1), (1, 0), (4097, 1), (u32::MAX, u32::MAX)] {
        assert!(draw(&picture("nothing", width, height)).is_err());
    }
}

#[test]
fn every_composition_works_at_every_proportion() {
    let sides = [1, 2, 3, 5, 8, 13, 21, 34, 55, 89];
    for (width, height) in sides.iter().flat_map(|w| sides.map(|h| (*w, h))) {
        for index in 0..6 {
            for transparent in [false, true] {
                let picture = Picture { transparent, index, ..picture("proportions", width, height) };
                assert!(draw(&picture).is_ok());
            }
        }
    }
}

#[test]
fn every_value_of_the_numbers_works() {
    for compression in [None, Some(0), Some(50), Some(100), Some(255)] {
        for (index, texture) in [(0, 0), (u32::MAX, 255)] {
            let picture = Picture {
                format: Format::Jpeg,
                compression,
                index,
                texture,
                seed: u64::MAX,
                ..picture("limits", 40, 40)
            };
            assert!(draw(&picture).is_ok());
        }
    }
}

#[test]
fn quality_changes_the_size_of_a_jpeg() {
    let size = |compression| {
        let picture = Picture { format: Format::Jpeg, compression, ..picture("a corgi", 128, 128) };
        bytes(&picture).len()
    };
    assert!(size(Some(10)) < size(Some(60)));
    assert!(size(Some(60)) < size(None));
}

#[test]
fn texture_makes_files_realistic() {
    let size = |texture| {
        let picture = Picture { texture, ..picture("a corgi", 256, 256) };
        bytes(&picture).len()
    };
    // 0.8 to 3 MB per 1024x1024, of which this is a sixteenth.
    assert!((50_000..190_000).contains(&size(DEFAULT_TEXTURE)));
    assert!(size(0) < size(DEFAULT_TEXTURE) / 2);
}

#[test]
fn weird_prompts_draw() {
    let long = "wide ".repeat(6_400);
    for prompt in [
        "",
        " \n\t ",
        "\u{1f436}\u{200d}\u{1f525}",
        "\0\u{1b}[31m\u{7f}\u{85}",
        "\u{202e}\u{627}\u{644}",
        "一只柯基犬",
        &long,
    ] {
        for (width, height) in [(16, 16), (200, 150)] {
            assert!(draw(&picture(prompt, width, height)).is_ok());
        }
    }
}

#[test]
fn captions_are_printable_ascii() {
    assert_eq!(printable(" a\tcorgi\r\n in  a field "), "a corgi in a field");
    assert_eq!(printable("caf\u{e9} cafe\u{301} \u{141}\u{f3}d\u{17a} Stra\u{df}e"), "cafe cafe Lodz Strase");
    assert_eq!(printable("\u{201c}it\u{2019}s\u{201d} \u{2014} ok\u{2026}"), "\"it's\" - ok...");
    assert_eq!(printable("a \u{1f436}\u{fe0f} dog\u{7}"), "a ? dog");
    assert_eq!(printable("\u{ff21}\u{ff22}"), "AB");
    assert_eq!(printable("\u{0}"), "(no prompt)");
    assert_eq!(printable(""), "(no prompt)");
    let every: String = (0..=u32::from(char::MAX)).filter_map(char::from_u32).collect();
    for chunk in every.chars().collect::<Vec<_>>().chunks(500) {
        let line = printable(&chunk.iter().collect::<String>());
        assert!(line.bytes().all(|b| (b' '..=b'~').contains(&b)), "{line}");
    }
}

#[test]
fn captions_are_shortened() {
    assert_eq!(shorten("a corgi", 7), "a corgi");
    assert_eq!(shorten("a corgi in a field", 10), "a corgi...");
    assert_eq!(shorten("a corgi in a field", 11), "a corgi...");
    assert_eq!(shorten("a corgi", 2), "..");
    assert_eq!(shorten("a corgi", 0), "");
}

#[test]
fn unfinished_pictures_come_nearer_to_the_finished_one() {
    for (prompt, transparent) in [("a corgi", false), ("a red kite over the moor", true), ("x", false)] {
        let finished = Picture { transparent, texture: 0, ..picture(prompt, 320, 192) };
        let target = decoded(&finished).to_rgba8();
        let distance = |left: u32| {
            let rough = decoded(&finished.unfinished(left)).to_rgba8();
            assert_eq!(rough.dimensions(), target.dimensions());
            let pairs = rough.as_raw().iter().zip(target.as_raw());
            pairs.map(|(a, b)| u64::from(a.abs_diff(*b))).sum::<u64>()
        };
        let distances = [distance(3), distance(2), distance(1)];
        assert!(distances.is_sorted_by(|a, b| a > b), "{prompt}: {distances:?}");
        assert!(distances[2] > 0);
    }
}
