//! Which expressions are accepted: not so deep that a recursion over them could exhaust the stack,
//! and not so dear that a worker would notice.

use cel::{
    common::ast::{EntryExpr, Expr},
    parser::Expression,
};

/// Bytes of an expression; those that are written by hand have a few hundred.
const SOURCE: usize = 4_096;

/// Operators on the way from the whole expression to any part of it.
const DEPTH: usize = 64;

/// Steps of an evaluation in the worst case; about ten milliseconds.
const STEPS: usize = 200_000;

/// What a value may have to go through that is not written out: the lines of a head.
const ELEMENTS: usize = 1_024;

/// Steps that compiling and running a pattern are worth.
const MATCH: usize = 50;

/// A bracket that is open, or the whole.
struct Level {
    /// How deep it begins.
    begin: usize,
    /// The same and the conditionals in it, each of which holds all that follow.
    floor: usize,
}

/// Whether a source is shallow enough to be parsed. Counts what can begin another level: each
/// operator, dot and bracket. `&&` and `||` begin none, because the parser balances them, nor does
/// a comma: what follows either of them begins anew. What is in a text does not count.
pub(super) fn readable(source: &str) -> bool {
    if source.len() > SOURCE {
        return false;
    }
    let mut levels = vec![Level { begin: 0, floor: 0 }];
    let mut depth = 0_usize;
    let mut rest = source.as_bytes();
    while let (Some((byte, after)), Some(level)) = (rest.split_first(), levels.last_mut()) {
        rest = match quoted(rest) {
            Some(Some(behind)) => {
                rest = behind;
                continue;
            }
            Some(None) => return false,
            None => after,
        };
        match byte {
            b'(' | b'[' | b'{' => {
                depth += 1;
                levels.push(Level { begin: depth, floor: depth });
            }
            b')' | b']' | b'}' => {
                depth = level.begin;
                levels.pop();
            }
            b',' => (level.floor, depth) = (level.begin, level.begin),
            b'&' | b'|' | b':' => depth = level.floor,
            b'?' => {
                level.floor += 1;
                depth = level.floor;
            }
            b'.' | b'!' | b'-' | b'+' | b'*' | b'/' | b'%' | b'<' | b'>' | b'=' => depth += 1,
            // The operator `in`, or part of a word; both are rare enough.
            b'i' if after.first() == Some(&b'n') => depth += 1,
            _ => {}
        }
        if depth > DEPTH {
            return false;
        }
    }
    levels.len() == 1
}

/// If a text or a comment begins here: what is behind it, or `None` if it does not end.
fn quoted(source: &[u8]) -> Option<Option<&[u8]>> {
    if source.starts_with(b"//") {
        let end = source.iter().position(|byte| *byte == b'\n').unwrap_or(source.len());
        return Some(Some(&source[end..]));
    }
    let letters = source.iter().take_while(|byte| b"rRbB".contains(byte)).count();
    let (prefix, text) = source.split_at(letters.min(2));
    let quote = *text.first().filter(|byte| matches!(byte, b'"' | b'\''))?;
    let raw = prefix.iter().any(|byte| byte.eq_ignore_ascii_case(&b'r'));
    let long = text.starts_with(&[quote; 3]);
    let mark: &[u8] = if long { &[quote; 3] } else { &[quote] };
    let mut rest = &text[mark.len()..];
    loop {
        if let Some(behind) = rest.strip_prefix(mark) {
            return Some(Some(behind));
        }
        rest = match rest {
            [] | [b'\\'] => return Some(None),
            [b'\n' | b'\r', ..] if !long => return Some(None),
            [b'\\', _, behind @ ..] if !raw => behind,
            [_, behind @ ..] => behind,
        };
    }
}

/// Whether an expression ends soon enough. A loop may not contain another one, nor go through
/// what one has made: each further level would multiply time, and double what is put together.
pub(super) fn affordable(expression: &Expression) -> bool {
    steps(&expression.expr, true).is_some_and(|steps| steps <= STEPS)
}

fn steps(expression: &Expr, may_loop: bool) -> Option<usize> {
    match expression {
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => Some(1),
        Expr::Select(select) => total(std::iter::once(&select.operand.expr), may_loop),
        Expr::List(list) => total(list.elements.iter().map(|element| &element.expr), may_loop),
        Expr::Call(call) => {
            let target = call.target.iter().map(|target| &target.expr);
            let own = if call.func_name == "matches" { MATCH } else { 0 };
            let parts = target.chain(call.args.iter().map(|arg| &arg.expr));
            Some(total(parts, may_loop)?.saturating_add(own))
        }
        Expr::Map(map) => entries(map.entries.iter().map(|entry| &entry.expr), may_loop),
        Expr::Struct(fields) => entries(fields.entries.iter().map(|entry| &entry.expr), may_loop),
        Expr::Comprehension(_) if !may_loop => None,
        Expr::Comprehension(comprehension) => {
            let part = |part: &Expr| steps(part, false);
            let range = part(&comprehension.iter_range.expr)?;
            let turns = match &comprehension.iter_range.expr {
                Expr::List(list) => list.elements.len(),
                Expr::Map(map) => map.entries.len(),
                _ => range.saturating_mul(ELEMENTS),
            };
            let condition = part(&comprehension.loop_cond.expr)?;
            let turn = condition.saturating_add(part(&comprehension.loop_step.expr)?);
            let once = part(&comprehension.accu_init.expr)?
                .saturating_add(part(&comprehension.result.expr)?);
            Some(range.saturating_add(turns.saturating_mul(turn)).saturating_add(once))
        }
    }
}

/// One step, and those of all parts.
fn total<'a>(mut parts: impl Iterator<Item = &'a Expr>, may_loop: bool) -> Option<usize> {
    parts.try_fold(1_usize, |sum, part| Some(sum.saturating_add(steps(part, may_loop)?)))
}

fn entries<'a>(mut entries: impl Iterator<Item = &'a EntryExpr>, may_loop: bool) -> Option<usize> {
    entries.try_fold(1_usize, |sum, entry| {
        let more = match entry {
            EntryExpr::StructField(field) => steps(&field.value.expr, may_loop)?,
            EntryExpr::MapEntry(entry) => steps(&entry.key.expr, may_loop)?
                .saturating_add(steps(&entry.value.expr, may_loop)?),
        };
        Some(sum.saturating_add(more))
    })
}
