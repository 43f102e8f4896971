//! What the signs of a pattern mean, in words: a learner who reads `expected (error) ERR*` has not
//! read the description of the test language.

use crate::language::{Count, Item, List, Pattern, Tail};

/// The signs in this pattern, explained; empty where there are none.
pub fn of(pattern: &Pattern) -> String {
    let mut words = Vec::new();
    collect(pattern, &mut words);
    words.join("; ")
}

fn collect(pattern: &Pattern, words: &mut Vec<String>) {
    let mut add = |text: String| {
        if !words.contains(&text) {
            words.push(text);
        }
    };
    match pattern {
        Pattern::Simple(_, tail) | Pattern::Error(_, tail) | Pattern::BulkError(_, tail)
            if *tail != Tail::Exact =>
        {
            add("* stands for any text".into());
        }
        Pattern::Glob(_) => add("glob: a text like this, where * stands for any text".into()),
        Pattern::Integer(Count::Between(low, high)) | Pattern::Range(low, high) => {
            add(format!("{low}..{high}: any number from {low} to {high}"));
        }
        Pattern::Near(middle, tolerance) => {
            add(format!("~{tolerance}: up to {tolerance} more or less is right, too"));
            collect(middle, words);
        }
        Pattern::Either(choices) => {
            add("|: one of these".into());
            choices.iter().for_each(|choice| collect(choice, words));
        }
        Pattern::Array(list) | Pattern::Push(list) => of_list(list, words),
        Pattern::Set(list) => {
            add("~[…]: a set of RESP3".into());
            of_list(list, words);
        }
        Pattern::AnyOrder(list) => {
            add("any-order: their order does not matter".into());
            of_list(list, words);
        }
        Pattern::Pairs(list) => {
            add("pairs: the order of the pairs does not matter".into());
            of_list(list, words);
        }
        Pattern::Includes(list) => {
            add("includes: these, in any order; others may be there".into());
            of_list(list, words);
        }
        Pattern::Map(map) => map.iter().for_each(|(_, value)| collect(value, words)),
        _ => {}
    }
}

fn of_list(list: &List, words: &mut Vec<String>) {
    for item in &list.items {
        match item {
            Item::One(pattern) | Item::Run(pattern, ..) => collect(pattern, words),
        }
    }
    let more = match list.items.is_empty() {
        true => "[...]: an array of any length",
        false => "...: more may follow",
    };
    let more = more.to_owned();
    if list.open && !words.contains(&more) {
        words.push(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::{Names, parse_pattern};

    fn told(pattern: &str) -> String {
        of(&parse_pattern(pattern, &mut Names::default()).unwrap())
    }

    #[test]
    fn every_sign_is_told_once() {
        assert_eq!(told("[\"a\", (integer) 1]"), "");
        assert_eq!(told("[(error) ERR*, (error) NO*]"), "* stands for any text");
        assert_eq!(told("(integer) 1..3"), "1..3: any number from 1 to 3");
        assert_eq!(told("[...]"), "[...]: an array of any length");
        let both = told("any-order [\"a\", ...]");
        assert_eq!(both, "any-order: their order does not matter; ...: more may follow");
        assert!(told("glob \"# Keyspace*\"").contains("like this"));
        assert!(told("\"3.14\" ~0.01").contains("0.01 more or less"));
        assert!(told("OK | (nil)").contains("one of these"));
    }
}
