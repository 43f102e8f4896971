//! Does a reply fit a pattern? Plain patterns are compared as wire bytes; what may come in any
//! order is first matched by those bytes (a count per distinct element, so ten thousand elements
//! cost ten thousand steps), and only patterns that leave something open are tried one after the
//! other.

use crate::language::{Count, Item, List, Pattern, Tail, Text};
use crate::values::Values;
use crate::wire::{Reply, quoted, shown};
use std::collections::HashMap;

/// Whether `reply` fits; `$names` in the pattern are remembered in `values`.
pub fn fits(pattern: &Pattern, reply: &Reply, values: &mut Values) -> bool {
    if let Some(exact) = exact(pattern, values) {
        return exact == *reply;
    }
    match (pattern, reply) {
        (Pattern::Any, _) => true,
        (Pattern::Simple(text, tail), Reply::Simple(received)) => {
            begins(text, *tail, received, values)
        }
        (Pattern::Error(text, tail), Reply::Error(received)) => {
            begins(text, *tail, received, values)
        }
        (Pattern::BulkError(text, tail), Reply::BulkError(received)) => {
            begins(text, *tail, received, values)
        }
        (Pattern::Integer(count), Reply::Integer(digits)) => integer_fits(count, digits, values),
        (Pattern::Range(low, high), _) => in_range(reply, *low, *high),
        (Pattern::Near(middle, tolerance), _) => near(middle, *tolerance, reply, values),
        (Pattern::Glob(text), Reply::Bulk(_) | Reply::Verbatim(_) | Reply::Simple(_)) => {
            let received = reply.text().unwrap_or_default();
            text.fill(values).is_ok_and(|glob| glob_fits(&glob, received))
        }
        (Pattern::Either(choices), _) => choices.iter().any(|choice| fits(choice, reply, values)),
        (Pattern::Capture(name), _) => match reply.text() {
            Some(text) => {
                values.set(name, text.to_vec());
                true
            }
            None => false,
        },
        (Pattern::Array(list), Reply::Array(elements))
        | (Pattern::Push(list), Reply::Push(elements)) => in_order(list, elements, values),
        (Pattern::Set(list), Reply::Set(elements)) => any_order(list, elements, values, Rest::None),
        (Pattern::AnyOrder(list), Reply::Array(elements) | Reply::Set(elements)) => {
            any_order(list, elements, values, Rest::None)
        }
        (Pattern::Includes(list), Reply::Array(elements) | Reply::Set(elements)) => {
            any_order(list, elements, values, Rest::Allowed)
        }
        (Pattern::Pairs(list), Reply::Array(elements)) => {
            pairs(&expand(list, values), elements, values)
        }
        (Pattern::Map(map), Reply::Map(elements)) => {
            let flat: Vec<_> =
                map.iter().flat_map(|(key, value)| [key.clone(), value.clone()]).collect();
            pairs(&flat, elements, values)
        }
        _ => false,
    }
}

/// The one reply that fits, if there is only one.
pub fn exact(pattern: &Pattern, values: &Values) -> Option<Reply> {
    let fill = |text: &Text| text.fill(values).ok();
    Some(match pattern {
        Pattern::Simple(text, Tail::Exact) => Reply::Simple(fill(text)?),
        Pattern::Error(text, Tail::Exact) => Reply::Error(fill(text)?),
        Pattern::BulkError(text, Tail::Exact) => Reply::BulkError(fill(text)?),
        Pattern::Bulk(text) => Reply::Bulk(fill(text)?),
        Pattern::Integer(Count::Exactly(text)) => Reply::Integer(fill(text)?),
        Pattern::Nil => Reply::Nil,
        Pattern::NilArray => Reply::NilArray,
        Pattern::Null => Reply::Null,
        Pattern::Boolean(yes) => Reply::Boolean(*yes),
        Pattern::Double(text) => Reply::Double(fill(text)?),
        Pattern::BigNumber(text) => Reply::BigNumber(fill(text)?),
        Pattern::Verbatim(text) => Reply::Verbatim(fill(text)?),
        Pattern::Array(list) => Reply::Array(exact_list(list, values)?),
        Pattern::Push(list) => Reply::Push(exact_list(list, values)?),
        _ => return None,
    })
}

fn exact_list(list: &List, values: &Values) -> Option<Vec<Reply>> {
    if list.open {
        return None;
    }
    let mut elements = Vec::new();
    for item in &list.items {
        match item {
            Item::One(pattern) => elements.push(exact(pattern, values)?),
            Item::Run(pattern, low, high) => {
                let mut values = values.clone();
                for i in *low..=*high {
                    values.set("i", i.to_string().into_bytes());
                    elements.push(exact(pattern, &values)?);
                }
            }
        }
    }
    Some(elements)
}

fn begins(text: &Text, tail: Tail, received: &[u8], values: &Values) -> bool {
    let Ok(expected) = text.fill(values) else {
        return false;
    };
    match tail {
        Tail::Exact => received == expected,
        Tail::Open => received.starts_with(&expected),
        Tail::Glob => glob_fits(&expected, received),
    }
}

fn integer_fits(count: &Count, digits: &[u8], values: &mut Values) -> bool {
    match count {
        Count::Any => true,
        Count::Exactly(text) => text.fill(values).is_ok_and(|expected| expected == digits),
        Count::Between(low, high) => {
            number(digits).is_some_and(|number| (*low..=*high).contains(&number))
        }
        Count::Capture(name) => {
            values.set(name, digits.to_vec());
            true
        }
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn float(text: &[u8]) -> Option<f64> {
    std::str::from_utf8(text).ok()?.trim().parse().ok()
}

fn in_range(reply: &Reply, low: i64, high: i64) -> bool {
    reply.text().and_then(number).is_some_and(|number| (low..=high).contains(&number))
}

/// The reply has the type of `middle`, and its number is not further off than `tolerance`.
fn near(middle: &Pattern, tolerance: f64, reply: &Reply, values: &Values) -> bool {
    let Some(expected) = exact(middle, values) else {
        return false;
    };
    let same_type = std::mem::discriminant(&expected) == std::mem::discriminant(reply);
    let numbers = expected.text().and_then(float).zip(reply.text().and_then(float));
    same_type
        && numbers.is_some_and(|(expected, received)| (expected - received).abs() <= tolerance)
}

fn in_order(list: &List, elements: &[Reply], values: &mut Values) -> bool {
    let patterns = expand(list, values);
    let enough =
        if list.open { elements.len() >= patterns.len() } else { elements.len() == patterns.len() };
    enough && patterns.iter().zip(elements).all(|(pattern, element)| fits(pattern, element, values))
}

/// Runs written out. An element of a run is known once `{i}` has its value, so it becomes a plain
/// one here.
fn expand(list: &List, values: &Values) -> Vec<Pattern> {
    let mut patterns = Vec::new();
    for item in &list.items {
        match item {
            Item::One(pattern) => patterns.push(pattern.clone()),
            Item::Run(pattern, low, high) => {
                let mut values = values.clone();
                for i in *low..=*high {
                    values.set("i", i.to_string().into_bytes());
                    patterns.push(settled(pattern, &values));
                }
            }
        }
    }
    patterns
}

fn settled(pattern: &Pattern, values: &Values) -> Pattern {
    exact(pattern, values).and_then(|reply| plain(&reply)).unwrap_or_else(|| pattern.clone())
}

/// The pattern that only this reply fits.
fn plain(reply: &Reply) -> Option<Pattern> {
    Some(match reply {
        Reply::Bulk(text) => Pattern::Bulk(Text::plain(text)),
        Reply::Simple(text) => Pattern::Simple(Text::plain(text), Tail::Exact),
        Reply::Integer(text) => Pattern::Integer(Count::Exactly(Text::plain(text))),
        Reply::Array(elements) => {
            let items = elements.iter().map(|element| plain(element).map(Item::One));
            Pattern::Array(List { items: items.collect::<Option<_>>()?, open: false })
        }
        _ => return None,
    })
}

#[derive(Clone, Copy, PartialEq)]
enum Rest {
    None,
    Allowed,
}

fn any_order(list: &List, elements: &[Reply], values: &mut Values, rest: Rest) -> bool {
    let patterns = expand(list, values);
    let exact_count = rest == Rest::None && !list.open;
    if elements.len() < patterns.len() || (exact_count && elements.len() != patterns.len()) {
        return false;
    }
    let mut left: HashMap<Vec<u8>, Vec<&Reply>> = HashMap::new();
    for element in elements {
        left.entry(element.wire()).or_default().push(element);
    }
    let mut open = Vec::new();
    for pattern in &patterns {
        match exact(pattern, values) {
            Some(reply) => match left.get_mut(&reply.wire()).and_then(Vec::pop) {
                Some(_) => {}
                None => return false,
            },
            None => open.push(pattern),
        }
    }
    let mut left: Vec<&Reply> = left.into_values().flatten().collect();
    for pattern in open {
        match left.iter().position(|element| fits(pattern, element, values)) {
            Some(at) => drop(left.swap_remove(at)),
            None => return false,
        }
    }
    true
}

fn pairs(patterns: &[Pattern], elements: &[Reply], values: &mut Values) -> bool {
    if elements.len() != patterns.len() || !elements.len().is_multiple_of(2) {
        return false;
    }
    let mut left: Vec<&[Reply]> = elements.chunks(2).collect();
    patterns.chunks(2).all(|pair| {
        let both = |element: &&[Reply], values: &mut Values| {
            fits(&pair[0], &element[0], values) && fits(&pair[1], &element[1], values)
        };
        match left.iter().position(|element| both(element, values)) {
            Some(at) => {
                left.remove(at);
                true
            }
            None => false,
        }
    })
}

/// `*` matches any run of bytes; nothing else is special. Going back to the last star only keeps it
/// quadratic.
pub fn glob_fits(glob: &[u8], text: &[u8]) -> bool {
    let (mut g, mut t) = (0, 0);
    let mut star = None;
    while t < text.len() {
        if glob.get(g) == Some(&b'*') {
            star = Some((g, t));
            g += 1;
        } else if glob.get(g) == Some(&text[t]) {
            g += 1;
            t += 1;
        } else if let Some((at, from)) = star {
            star = Some((at, from + 1));
            g = at + 1;
            t = from + 1;
        } else {
            return false;
        }
    }
    glob[g..].iter().all(|&byte| byte == b'*')
}

/// A pattern as it is written, its names filled in.
pub fn notation(pattern: &Pattern, values: &Values) -> String {
    if let Some(reply) = exact(pattern, values).filter(|_| !has_run(pattern)) {
        return reply.notation();
    }
    let text = |text: &Text| shown(&text.show(values));
    let list = |open: &str, list: &List| {
        let mut inner: Vec<String> =
            list.items.iter().map(|item| item_notation(item, values)).collect();
        if list.open {
            inner.push("...".into());
        }
        format!("{open}{}]", inner.join(", "))
    };
    match pattern {
        Pattern::Simple(open, tail) => format!("{}{}", text(open), star(*tail)),
        Pattern::Error(open, tail) => format!("(error) {}{}", text(open), star(*tail)),
        Pattern::BulkError(open, tail) => format!("(bulk error) {}{}", text(open), star(*tail)),
        Pattern::Integer(Count::Between(low, high)) => format!("(integer) {low}..{high}"),
        Pattern::Integer(Count::Capture(_) | Count::Any) => "(integer) any".into(),
        Pattern::Range(low, high) => format!("{low}..{high}"),
        Pattern::Near(middle, tolerance) => format!("{} ~{tolerance}", notation(middle, values)),
        Pattern::Glob(glob) => format!("glob {}", quoted(&glob.show(values))),
        Pattern::Either(choices) => {
            choices.iter().map(|choice| notation(choice, values)).collect::<Vec<_>>().join(" | ")
        }
        Pattern::Capture(_) => "any string or number".into(),
        Pattern::Array(elements) => list("[", elements),
        Pattern::Set(elements) => list("~[", elements),
        Pattern::Push(elements) => list(">[", elements),
        Pattern::AnyOrder(elements) => list("any-order [", elements),
        Pattern::Pairs(elements) => list("pairs [", elements),
        Pattern::Includes(elements) => list("includes [", elements),
        Pattern::Map(map) => {
            let pair = |(key, value): &(Pattern, Pattern)| {
                format!("{}: {}", notation(key, values), notation(value, values))
            };
            format!("{{{}}}", map.iter().map(pair).collect::<Vec<_>>().join(", "))
        }
        _ => "any reply".into(),
    }
}

fn star(tail: Tail) -> &'static str {
    if tail == Tail::Open { "*" } else { "" }
}

fn has_run(pattern: &Pattern) -> bool {
    let run = |list: &List| list.items.iter().any(|item| matches!(item, Item::Run(..)));
    matches!(pattern, Pattern::Array(list) | Pattern::Push(list) if run(list))
}

fn item_notation(item: &Item, values: &Values) -> String {
    match item {
        Item::One(pattern) => notation(pattern, values),
        Item::Run(pattern, low, high) => {
            let mut first = values.clone();
            first.set("i", low.to_string().into_bytes());
            format!("{} and so on to {high}", notation(pattern, &first))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::{Names, parse_pattern};

    fn matches(pattern: &str, wire: &str) -> bool {
        let pattern = parse_pattern(pattern, &mut Names::default()).unwrap();
        let reply = crate::wire::read(wire.as_bytes()).unwrap().unwrap().0;
        fits(&pattern, &reply, &mut Values::new(1, 1))
    }

    #[test]
    fn types_are_never_mixed_up() {
        let replies = [
            "+1\r\n",
            "$1\r\n1\r\n",
            ":1\r\n",
            "-1\r\n",
            ",1\r\n",
            "(1\r\n",
            "*1\r\n:1\r\n",
            "$-1\r\n",
            "*-1\r\n",
            "_\r\n",
        ];
        let patterns = [
            "1",
            "\"1\"",
            "(integer) 1",
            "(error) 1",
            "(double) 1",
            "(big number) 1",
            "[(integer) 1]",
            "(nil)",
            "(nil array)",
            "(null)",
        ];
        for (i, pattern) in patterns.iter().enumerate() {
            for (j, reply) in replies.iter().enumerate() {
                assert_eq!(matches(pattern, reply), i == j, "{pattern} and {reply:?}");
            }
        }
    }

    #[test]
    fn texts_may_end_in_a_star() {
        assert!(matches("(error) WRONGTYPE*", "-WRONGTYPE Operation\r\n"));
        assert!(!matches("(error) WRONGTYPE", "-WRONGTYPE Operation\r\n"));
        assert!(matches("(error) \"ERR a, b \"", "-ERR a, b \r\n"));
        assert!(matches("[(error) ERR x, OK]", "*2\r\n-ERR x\r\n+OK\r\n"));
        assert!(matches("(error) *Operation", "-WRONGTYPE Operation\r\n"));
        assert!(!matches("(error) *Operation", "-WRONGTYPE Operations\r\n"));
        assert!(matches("*", "*0\r\n"));
        assert!(!matches("\"a*\"", "$2\r\nab\r\n"));
    }

    #[test]
    fn arrays_in_order_in_any_order_and_open() {
        let three = "*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nb\r\n";
        assert!(matches("[\"a\", \"b\", \"b\"]", three));
        assert!(!matches("[\"b\", \"a\", \"b\"]", three));
        assert!(matches("any-order [\"b\", \"a\", \"b\"]", three));
        assert!(!matches("any-order [\"a\", \"a\", \"b\"]", three));
        assert!(!matches("any-order [\"b\", \"a\"]", three));
        assert!(matches("includes [\"b\"]", three));
        assert!(!matches("includes [\"c\"]", three));
        assert!(matches("[\"a\", ...]", three));
        assert!(matches("[*, \"b\" | \"c\", glob \"*\"]", three));
    }

    #[test]
    fn runs_count() {
        assert!(matches("[\"x{i}\" for 2..3]", "*2\r\n$2\r\nx2\r\n$2\r\nx3\r\n"));
        assert!(matches("any-order [\"x{i}\" for 2..3]", "*2\r\n$2\r\nx3\r\n$2\r\nx2\r\n"));
        assert!(matches(
            "includes [[\"x{i}\"] for 2..3]",
            "*2\r\n*1\r\n$2\r\nx3\r\n*1\r\n$2\r\nx2\r\n"
        ));
        assert!(!matches("any-order [\"x{i}\" for 2..4]", "*2\r\n$2\r\nx3\r\n$2\r\nx2\r\n"));
    }

    #[test]
    fn pairs_and_maps_in_any_order_of_pairs() {
        let flat = "*4\r\n+a\r\n+1\r\n+b\r\n+2\r\n";
        assert!(matches("pairs [b, 2, a, 1]", flat));
        assert!(!matches("pairs [b, 1, a, 2]", flat));
        assert!(matches("{b: (integer) 2, a: *}", "%2\r\n+a\r\n:1\r\n+b\r\n:2\r\n"));
        assert!(matches("~[b, a]", "~2\r\n+a\r\n+b\r\n"));
    }

    #[test]
    fn numbers_may_be_near_or_in_a_range() {
        assert!(matches("\"3.14\" ~0.01", "$6\r\n3.1416\r\n"));
        assert!(!matches("\"3.14\" ~0.001", "$6\r\n3.1416\r\n"));
        assert!(!matches("(double) 3.14 ~0.01", "$6\r\n3.1416\r\n"));
        assert!(matches("(integer) 100 ~2", ":98\r\n"));
        assert!(matches("(integer) 5..7", ":7\r\n"));
        assert!(!matches("(integer) 5..7", ":8\r\n"));
        assert!(matches("5..7", "$1\r\n6\r\n"));
    }

    #[test]
    fn a_captured_value_can_be_used() {
        let mut values = Values::new(1, 1);
        let mut names = Names::default();
        let first = parse_pattern("[$cursor, *]", &mut names).unwrap();
        let reply = crate::wire::read(b"*2\r\n$2\r\n17\r\n*0\r\n").unwrap().unwrap().0;
        assert!(fits(&first, &reply, &mut values));
        let second = parse_pattern("(integer) {cursor+1}", &mut names).unwrap();
        assert!(fits(&second, &Reply::Integer(b"18".to_vec()), &mut values));
    }

    #[test]
    fn globs_match_across_lines() {
        assert!(glob_fits(b"a*c", b"a\r\nbc"));
        assert!(glob_fits(b"*x*", b"aaxaa"));
        assert!(!glob_fits(b"a*c", b"acb"));
    }
}
