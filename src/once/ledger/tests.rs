//! Who is granted, told, and due.

use super::*;

fn granted(attempt: u32) -> Reply {
    Reply::Granted { attempt, tries: attempt }
}

fn claim(record: &mut Option<Record>, now: Millis) -> Reply {
    claim_watched(record, now, None)
}

fn claim_watched(
    record: &mut Option<Record>,
    now: Millis,
    watch: Option<(Millis, String)>,
) -> Reply {
    asked(record, Ask::Claim { lease: 100, watch, over: None }, now)
}

fn anew(record: &mut Option<Record>, over: &str, now: Millis) -> Reply {
    asked(record, Ask::Claim { lease: 100, watch: None, over: Some(over.into()) }, now)
}

fn look(record: &mut Option<Record>, now: Millis) -> Reply {
    asked(record, Ask::Claim { lease: 0, watch: None, over: None }, now)
}

fn asked(record: &mut Option<Record>, ask: Ask, now: Millis) -> Reply {
    let (reply, next) = step(record.take(), ask, now);
    *record = Some(next);
    reply
}

fn settle(record: &mut Option<Record>, attempt: u32, outcome: Option<&str>, now: Millis) {
    let outcome = outcome.map(str::to_owned);
    *record = Some(step(record.take(), Ask::Settle { attempt, outcome, keep: 1000 }, now).1);
}

#[test]
fn the_second_waits_and_gets_the_firsts_outcome() {
    let mut record = None;
    assert_eq!(claim(&mut record, 0), granted(1));
    assert_eq!(claim(&mut record, 1), Reply::Wait(100));
    settle(&mut record, 1, Some("WT1"), 50);
    assert_eq!(claim(&mut record, 51), Reply::Done("WT1".into()));
    assert_eq!(claim(&mut record, 1049), Reply::Done("WT1".into()));
    assert_eq!(claim(&mut record, 1051), granted(1), "forgotten");
}

#[test]
fn a_dead_owners_claim_is_granted_again_and_counted() {
    let mut record = None;
    assert_eq!(claim(&mut record, 0), granted(1));
    assert_eq!(claim(&mut record, 101), granted(2));
    assert_eq!(claim(&mut record, 102), Reply::Wait(201));
}

#[test]
fn whoever_only_looks_owns_nothing_and_counts_for_nothing() {
    let mut record = None;
    assert_eq!(look(&mut record, 0), Reply::Nothing, "nobody was there");
    assert_eq!(claim(&mut record, 1), granted(1));
    assert_eq!(look(&mut record, 2), Reply::Wait(101), "somebody is at it");
    settle(&mut record, 1, None, 10);
    assert_eq!(look(&mut record, 11), Reply::Nothing, "they failed");
    assert_eq!(claim(&mut record, 12), granted(2));
    settle(&mut record, 2, Some("WT1"), 20);
    assert_eq!(look(&mut record, 21), Reply::Done("WT1".into()));
}

#[test]
fn where_something_has_to_happen_yet_nobody_knows_that_nothing_will() {
    let mut record = None;
    claim_watched(&mut record, 0, Some((500, "let go".into())));
    settle(&mut record, 1, None, 10);
    assert_eq!(look(&mut record, 20), Reply::Wait(20));
    record = record.map(|record| record.tried(true, 500).0);
    assert_eq!(look(&mut record, 501), Reply::Nothing);
    // An owner has died, and nobody will do it for them.
    let mut record = None;
    claim(&mut record, 0);
    assert_eq!(look(&mut record, 99), Reply::Wait(100));
    assert_eq!(look(&mut record, 101), Reply::Nothing);
}

#[test]
fn what_is_over_is_done_anew_once_by_who_knows_that_it_is() {
    let mut record = None;
    claim(&mut record, 0);
    settle(&mut record, 1, Some("CA1"), 10);
    assert_eq!(anew(&mut record, "CA0", 20), Reply::Done("CA1".into()), "another one is over");
    assert_eq!(anew(&mut record, "CA1", 1_000), Reply::Granted { attempt: 2, tries: 1 });
    assert_eq!(anew(&mut record, "CA1", 1_001), Reply::Wait(1_100), "somebody is at it");
    assert_eq!(look(&mut record, 1_001), Reply::Done("CA1".into()), "nothing else yet");
    settle(&mut record, 2, Some("CA2"), 1_050);
    // The time of the first one is up, that of the second is not.
    assert_eq!(claim(&mut record, 1_060), Reply::Done("CA2".into()));
    assert_eq!(anew(&mut record, "CA1", 1_060), Reply::Done("CA2".into()));
    assert_eq!(claim(&mut record, 2_051), granted(1), "forgotten");
}

#[test]
fn when_nothing_new_comes_of_it_the_last_one_is_told() {
    let keep = |record: &mut Option<Record>, attempt, outcome: Option<&str>, keep| {
        let outcome = outcome.map(str::to_owned);
        asked(record, Ask::Settle { attempt, outcome, keep }, 10);
    };
    let mut record = None;
    claim(&mut record, 0);
    keep(&mut record, 1, Some("CA1"), 5_000);
    anew(&mut record, "CA1", 10);
    keep(&mut record, 2, None, 50);
    assert_eq!(look(&mut record, 1_000), Reply::Done("CA1".into()));
    assert_eq!(claim(&mut record, 1_000), Reply::Done("CA1".into()));
    let known = record.clone().unwrap();
    assert_eq!((known.next_alarm(5_009), known.next_alarm(5_010)), (Some(5_010), None));
    assert_eq!(anew(&mut record, "CA1", 1_000), Reply::Granted { attempt: 3, tries: 2 });
    // Who died over it has come to nothing, too; who was late with the first one has nothing new.
    assert_eq!(claim(&mut record, 1_101), Reply::Done("CA1".into()));
    keep(&mut record, 1, Some("CA0"), 5_000);
    assert_eq!(look(&mut record, 1_102), Reply::Done("CA1".into()));
    keep(&mut record, 3, Some("CA2"), 5_000);
    assert_eq!(claim(&mut record, 1_103), Reply::Done("CA2".into()), "late, and true");
}

#[test]
fn a_failed_owner_makes_room_and_leaves_its_count() {
    let mut record = None;
    assert_eq!(claim(&mut record, 0), granted(1));
    settle(&mut record, 1, None, 10);
    assert_eq!(claim(&mut record, 20), granted(2));
}

#[test]
fn a_late_owner_cannot_open_the_gate_for_a_third() {
    let mut record = None;
    claim(&mut record, 0);
    assert_eq!(claim(&mut record, 101), granted(2));
    settle(&mut record, 1, None, 110);
    assert_eq!(claim(&mut record, 120), Reply::Wait(201));
}

#[test]
fn a_late_outcome_counts_and_the_first_outcome_stays() {
    let mut record = None;
    claim(&mut record, 0);
    claim(&mut record, 101);
    settle(&mut record, 1, Some("first"), 110);
    settle(&mut record, 2, Some("second"), 120);
    assert_eq!(claim(&mut record, 130), Reply::Done("first".into()));
}

#[test]
fn what_is_watched_is_due_unless_something_came_of_it() {
    let mut record = None;
    let watch = || Some((500, "let go".to_owned()));
    claim_watched(&mut record, 0, watch());
    settle(&mut record, 1, None, 10);
    claim_watched(&mut record, 200, watch());
    let known = record.clone().unwrap();
    assert_eq!((known.alarm(), known.due(499), known.due(500)), (500, None, Some("let go")));
    let (again, is_stranded) = known.clone().tried(false, 500);
    assert_eq!((again.alarm(), again.due(500), is_stranded), (5_500, None, false));
    let (done, is_stranded) = known.tried(true, 500);
    assert_eq!((done.watch, is_stranded), (None, false));
    settle(&mut record, 2, Some("done"), 300);
    assert_eq!(record.unwrap().due(10_000), None);
}

#[test]
fn what_somebody_else_has_done_meanwhile_strands_nobody() {
    let mut record = None;
    claim_watched(&mut record, 0, Some((500, "catch".to_owned())));
    settle(&mut record, 1, None, 10);
    let last = Due { tries: 36, ..record.as_ref().unwrap().watch.clone().unwrap() };
    record.as_mut().unwrap().watch = Some(last);
    // While the gate tries it for the last time, who asks again has done it.
    let tried = record.clone().unwrap();
    assert_eq!(claim(&mut record, 501), granted(2));
    settle(&mut record, 2, Some("done"), 502);
    let (done, is_stranded) = record.unwrap().tried(false, 503);
    assert_eq!((done.outcome.as_deref(), is_stranded), (Some("done"), false));
    assert!(tried.tried(false, 503).1, "else somebody has to look");
}

#[test]
fn an_alarm_that_rings_too_early_is_set_again() {
    let mut record = None;
    claim_watched(&mut record, 0, Some((500, "let go".to_owned())));
    let known = record.clone().unwrap();
    assert_eq!((known.due(499), known.next_alarm(499)), (None, Some(500)));
    settle(&mut record, 1, Some("WT1"), 10);
    let known = record.unwrap();
    assert_eq!((known.next_alarm(1009), known.next_alarm(1010)), (Some(1010), None));
}

#[test]
fn a_record_of_an_older_version_is_read() {
    let old = r#"{"attempt":2,"until":50,"running":false,"outcome":"WT1"}"#;
    let mut record = serde_json::from_str(old).ok();
    assert_eq!(claim(&mut record, 49), Reply::Done("WT1".into()));
}

#[test]
fn what_fails_for_good_is_not_tried_for_ever() {
    let due = Due { at: 0, what: "x".into(), tries: 0 };
    let mut record = Record { watch: Some(due), ..Record::default() };
    let (mut times, mut is_stranded) = (Vec::new(), false);
    while let Some(due) = &record.watch {
        let at = due.at;
        times.push(at);
        assert!(!is_stranded, "it is tried again");
        (record, is_stranded) = record.tried(false, at);
    }
    assert!(is_stranded);
    let pauses: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(pauses.is_sorted(), "{pauses:?}");
    let day = 24 * 60 * 60 * 1000;
    assert!((day..day + day / 10).contains(times.last().unwrap()), "{times:?}");
}
