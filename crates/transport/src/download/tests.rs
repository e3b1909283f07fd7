use super::*;

fn links() -> Links {
    Links::new(&Url::parse("https://api.example.com/v1/images/generations").unwrap())
}

fn judge(link: &str) -> Result<Access, String> {
    let Source::Remote(url) = source(link, "data[0].url").map_err(|error| error.to_string())? else {
        return Err("inline".to_owned());
    };
    links().follow(&url, "data[0].url").map_err(|error| error.to_string())
}

#[test]
fn absolute_http_addresses_alone_are_followed() {
    for link in [
        "",
        "CANARY.png",
        "/CANARY.png",
        "//CANARY.example/x",
        "file:///etc/CANARY",
        "ftp://CANARY.example/x",
        "gopher://CANARY.example/x",
        "javascript:CANARY()",
        "http://",
        "https://CANARY@example.com/x",
        "https://user:CANARY@example.com/x?sig=CANARY",
    ] {
        let error = source(link, "data[1].url").unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.contains("data[1].url"), "{shown}");
        assert!(!shown.contains("CANARY"), "{shown}");
        assert_eq!((error.kind(), error.outcome()), (Kind::Download, Outcome::Done));
    }
    for link in ["https://example.com/a.png?sig=1", "http://127.0.0.1:8/x", "HTTPS://EXAMPLE.com"] {
        assert!(matches!(source(link, "x").unwrap(), Source::Remote(_)), "{link}");
    }
}

#[test]
fn data_links_are_decoded() {
    assert_eq!(source("data:image/png;base64,Zm9v", "x").unwrap(), Source::Inline("foo".into()));
    assert_eq!(source("data:text/html,<b>", "x").unwrap_err().kind(), Kind::Decode);
}

/// c4, c5: every way to write an address that is not one of the public internet.
#[test]
fn inner_addresses_are_refused_however_they_are_spelt() {
    #[rustfmt::skip]
    let hosts = [
        // this machine
        "127.0.0.1", "127.0.0.1.", "127.1", "127.0.1", "127.255.255.254", "2130706433", "0x7f000001", "017700000001",
        "0177.0.0.1", "0177.1", "0x7f.1", "0x7F.0x0.0x0.0x1", "0x7f.0.0.0x1", "127.0.0.0x1", "0", "0.0.0.0", "0x0",
        "00.00.00.00", "0.1.2.3", "%31%32%37.0.0.1", "①②⑦.⓪.⓪.①", "１２７.0.0.1", "127。0。0。1",
        "localhost", "LOCALHOST", "localhost.", "a.localhost", "a.b.localhost.", "localhost.localdomain",
        // private and shared
        "10.0.0.1", "10.255.255.255", "167772161", "0xa000001", "012.1", "172.16.0.1", "172.31.255.255", "192.168.0.1",
        "192.168.1", "3232235521", "0xc0a80001", "100.64.0.1", "100.127.255.254", "100.100.100.200", "198.18.0.1",
        "198.19.255.255",
        // link-local, with the machines' own metadata
        "169.254.169.254", "169.254.1.1", "2852039166", "0xa9fea9fe", "0xa9.0xfe.0xa9.0xfe", "0251.0376.0251.0376",
        "169.254.43518", "169.16689662",
        // special
        "168.63.129.16", "192.0.0.192", "192.0.2.1", "192.88.99.1", "198.51.100.1", "203.0.113.1", "224.0.0.1",
        "239.255.255.255", "240.0.0.1", "255.255.255.255", "4294967295",
        // IPv6
        "[::1]", "[0:0:0:0:0:0:0:1]", "[0000::0001]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::FFFF:8.8.8.8]",
        "[::127.0.0.1]", "[::8.8.8.8]", "[::ffff:0:127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::8.8.8.8]",
        "[64:ff9b:1::a00:1]", "[2002:7f00:1::]", "[2002:a00:1::1]", "[2001:0:53aa::1]", "[2001:db8::1]", "[3fff::1]",
        "[fc00::1]", "[fd00:ec2::254]", "[fdff::]", "[fe80::1]", "[febf::1]", "[fec0::1]", "[ff02::1]", "[100::1]",
        "[5f00::1]", "[4000::1]",
        // names of the own network
        "metadata", "router", "metadata.google.internal", "metadata.google.internal.", "printer.local", "nas.lan",
        "wiki.intranet", "x.home.arpa",
    ];
    assert!(hosts.len() >= 60, "{}", hosts.len());
    for host in hosts {
        let why = judge(&format!("https://{host}/CANARY.png?sig=CANARY")).unwrap_err();
        assert!(why.contains("leads to"), "{host}: {why}");
        assert!(!why.contains("CANARY"), "{why}");
        let from = Url::parse("https://images.example.com/a").unwrap();
        let error = links().redirect(&from, &format!("https://{host}/CANARY"), "data[0].url").unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (Kind::Download, Outcome::Done), "{host}");
    }
}

#[test]
fn spellings_that_are_no_addresses_or_hide_one() {
    for link in [
        "https://127.0.0.1@example.com/",
        "https://example.com:443@127.0.0.1/",
        "https://example.com%00.127.0.0.1/",
        "https://exa mple.com/",
        "https://256.256.256.256/",
        "https://1.2.3.4.5/",
        "https://0x7g.1/",
        "https://[::1/",
        "https://[::1%25lo]/",
        "https://[fe80::1%eth0]/",
        "https://example.com:99999/",
        "https:///",
        "https://.",
    ] {
        assert!(judge(link).is_err(), "{link}");
    }
    // What looks like a user to some parsers is a path or a host to the standard, and is judged as that.
    for (link, host) in [
        ("https://example.com\\@127.0.0.1/", "example.com"),
        ("https://example.com#@127.0.0.1/", "example.com"),
        ("https://example.com?@127.0.0.1/", "example.com"),
        ("https:example.com", "example.com"),
        ("https://EXAMPLE.com./", "example.com."),
        ("https://xn--exmple-cua.com", "xn--exmple-cua.com"),
        ("https://exämple.com", "xn--exmple-cua.com"),
    ] {
        assert_eq!(judge(link), Ok(Access::Guarded), "{link}");
        let Source::Remote(url) = source(link, "x").unwrap() else { panic!("{link}") };
        assert_eq!(url.host_str(), Some(host), "{link}");
    }
}

#[test]
fn public_addresses_over_https_are_followed() {
    for host in [
        "example.com",
        "images.example.co.uk",
        "8.8.8.8",
        "1.1.1.1",
        "134744072",
        "172.15.0.1",
        "172.32.0.1",
        "100.63.0.1",
        "100.128.0.1",
        "192.169.0.1",
        "198.17.0.1",
        "223.255.255.255",
        "[2606:4700::1111]",
        "[2a00::1]",
        "[2001:4860:4860::8888]",
        "internal.example.com",
        "localhost.example.com",
        "notlocalhost.example",
    ] {
        assert_eq!(judge(&format!("https://{host}/a.png")), Ok(Access::Guarded), "{host}");
        assert!(judge(&format!("http://{host}/a.png")).unwrap_err().contains("not encrypted"), "{host}");
    }
}

#[test]
fn the_endpoints_own_origin_and_listed_ones_may_be_anything() {
    let own = Links::new(&Url::parse("http://127.0.0.1:8080/v1/images/generations").unwrap());
    let judge = |links: &Links, link: &str| links.follow(&Url::parse(link).unwrap(), "x").ok();
    for link in ["http://127.0.0.1:8080/a", "http://localhost:8080/a", "http://[::1]:8080/a"] {
        assert_eq!(judge(&own, link), Some(Access::Trusted), "{link}");
    }
    for link in
        ["http://127.0.0.1:8081/a", "https://127.0.0.1:8080/a", "http://10.0.0.1:8080/", "http://a.example/"]
    {
        assert_eq!(judge(&own, link), None, "{link}");
    }
    let listed = own.allow("https://nas.local:5000").unwrap().allow("http://10.0.0.5").unwrap();
    for link in ["https://nas.local:5000/a", "http://10.0.0.5:80/a", "http://127.0.0.1:8080/a"] {
        assert_eq!(judge(&listed, link), Some(Access::Trusted), "{link}");
    }
    for link in ["https://nas.local/a", "https://10.0.0.5/a", "http://10.0.0.50/a"] {
        assert_eq!(judge(&listed, link), None, "{link}");
    }
    for origin in
        ["CANARY", "ftp://CANARY", "https://user:CANARY@host", "https://host/CANARY", "https://h?CANARY"]
    {
        let error = links().allow(origin).unwrap_err();
        assert_eq!(error.kind(), Kind::Configuration);
        assert!(!format!("{error} {error:?}").contains("CANARY"), "{error}");
    }
}

/// c7
#[test]
fn redirects_are_judged_like_links() {
    let from = Url::parse("https://a.example/x/y?sig=1").unwrap();
    for (location, expected) in [
        ("z", "https://a.example/x/z"),
        ("/z", "https://a.example/z"),
        ("//b.example/z", "https://b.example/z"),
        ("https://b.example/", "https://b.example/"),
        ("https://api.example.com/", "https://api.example.com/"),
    ] {
        let (url, _) = links().redirect(&from, location, "x").unwrap();
        assert_eq!(url.as_str(), expected);
    }
    for location in [
        "http://a.example/",
        "http://api.example.com/",
        "file:///etc/passwd",
        "https://u:p@b.example/",
        "https://",
        "data:,x",
        "//127.0.0.1/",
        "https://localhost/",
    ] {
        assert_eq!(links().redirect(&from, location, "x").unwrap_err().kind(), Kind::Download, "{location}");
    }
}

#[test]
fn a_source_never_shows_its_query_or_bytes() {
    let remote = source("https://example.com/CANARY?sig=CANARY", "x").unwrap();
    assert_eq!(format!("{remote:?}"), "Remote(example.com)");
    assert_eq!(format!("{:?}", Source::Inline("CANARY".into())), "Inline(6 bytes)");
}
