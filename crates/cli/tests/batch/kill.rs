//! kill -9 at random moments. Longer: `IMAGEWIRE_KILLS=1000 cargo test -p imagewire --test batch kill -- --nocapture`.

use std::{
    collections::BTreeMap,
    fs,
    process::{Child, Stdio},
    thread::sleep,
    time::Instant,
};

use super::{Bench, Ran, setting, sha256, visible};

const ITEMS: usize = 50;
const JOBS: usize = 4;
/// Of one batch, before it is left to finish.
const KILLS_A_ROUND: usize = 3;

/// What happened in all rounds.
#[derive(Debug, Default)]
struct Table {
    rounds: usize,
    kills: usize,
    items: usize,
    done: usize,
    /// Done before the last run, or finished by it without a request.
    without_a_request: usize,
    unknown_billed: usize,
    unknown_unbilled: usize,
    bought_twice: usize,
    most_unknown_a_kill: usize,
}

#[test]
fn killed_at_any_moment_every_item_is_bought_once_or_listed_as_unknown() {
    let kills = setting("IMAGEWIRE_KILLS", 60);
    let seed = setting("IMAGEWIRE_SEED", usize::try_from(std::process::id()).expect("a number"));
    println!("seed {seed} (IMAGEWIRE_SEED)");
    let mut random = fastrand::Rng::with_seed(seed as u64);
    // Each answer takes a moment, so that kills meet requests under way.
    let bench = Bench::with_script("repeat = true\n[[step]]\nkind = \"latency\"\nmillis = 5\n");

    // A run that nobody disturbs: how long it takes, and what the pictures are.
    bench.items(ITEMS, "undisturbed");
    let undisturbed = bench.run(&["-q", "--jobs", "4"]);
    assert_eq!(undisturbed.code, Some(0), "{undisturbed:?}");
    let pictures: BTreeMap<String, String> = visible(&bench.out())
        .into_iter()
        .map(|name| (name.clone(), sha256(&bench.out().join(name))))
        .collect();
    assert_eq!(pictures.len(), ITEMS);

    // The first run also drew the pictures.
    bench.items(ITEMS, "again");
    fs::remove_dir_all(bench.out()).expect("removed");
    let begun = Instant::now();
    assert_eq!(bench.run(&["-q", "--jobs", "4"]).code, Some(0));
    let whole = begun.elapsed();

    let mut table = Table::default();
    while table.kills < kills {
        fs::remove_dir_all(bench.out()).expect("removed");
        let mark = format!("round {}", table.rounds);
        let items = bench.items(ITEMS, &mark);
        let mut killed = 0;
        while killed < KILLS_A_ROUND.min(kills - table.kills) {
            let mut child = spawn(&bench);
            sleep(whole.mul_f64(random.f64()));
            if child.try_wait().expect("a child").is_some() {
                break;
            }
            child.kill().expect("killed");
            child.wait().expect("a child");
            killed += 1;
        }
        let ran = bench.run(&["-q", "--jobs", "4"]);
        judge(&bench, &ran, &items, &pictures, killed, &mut table);
    }
    println!("{table:#?}");
    assert_eq!(table.bought_twice, 0);
    assert_eq!(table.done + table.unknown_billed + table.unknown_unbilled, table.items);
    assert!(table.unknown_billed + table.unknown_unbilled > 0, "no kill met a request under way: {table:?}");
}

fn spawn(bench: &Bench) -> Child {
    let mut command = bench.command(&["-q", "--jobs", "4"]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary runs")
}

fn judge(
    bench: &Bench,
    ran: &Ran,
    items: &[(String, [u8; 32])],
    pictures: &BTreeMap<String, String>,
    killed: usize,
    table: &mut Table,
) {
    let (results, bills) = (ran.results(), bench.bills());
    assert_eq!(results.len(), ITEMS, "{ran:?}");
    let (mut done, mut unknown) = (Vec::new(), 0);
    for (id, digest) in items {
        let result = &results[id];
        let billed = bills.get(digest).copied().unwrap_or_default();
        table.bought_twice += usize::from(billed > 1);
        match result["status"].as_str() {
            Some("done") => {
                assert_eq!(billed, 1, "{id}: {ran:?}");
                let name = format!("{id}.png");
                assert_eq!(sha256(&bench.out().join(&name)), pictures[&name], "{id} is not whole");
                assert_eq!(result["sha256"][0], pictures[&name]);
                table.without_a_request += usize::from(result["earlier"] == true);
                done.push(name);
            }
            Some("unknown") => {
                unknown += 1;
                assert!(ran.stderr.contains(&format!("unknown {id}\n")), "{id}: {ran:?}");
                *(if billed == 1 { &mut table.unknown_billed } else { &mut table.unknown_unbilled }) += 1;
            }
            other => panic!("{id} is {other:?}: {ran:?}"),
        }
    }
    done.sort();
    assert_eq!(visible(&bench.out()), done, "nothing else has a name");
    assert_eq!(ran.code, Some(if unknown > 0 { 8 } else { 0 }), "{ran:?}");
    assert!(unknown <= JOBS * killed, "{unknown} unknown after {killed} kills");
    table.rounds += 1;
    table.kills += killed;
    table.items += ITEMS;
    table.done += done.len();
    table.most_unknown_a_kill = table.most_unknown_a_kill.max(unknown.div_ceil(killed.max(1)));
}
