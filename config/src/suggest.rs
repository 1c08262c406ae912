//! "Did you mean": the closest of the words that would have been right.

/// Longer words than this are not compared: names may have 253 bytes, and the work is quadratic.
const MAX_LENGTH: usize = 64;

/// More words than this are not compared, so that help for a huge file stays quick.
const MAX_CANDIDATES: usize = 10_000;

/// The closest candidate, if it is close enough to be meant.
pub(crate) fn closest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    if word.is_empty() || word.len() > MAX_LENGTH {
        return None;
    }
    let limit = (word.chars().count() / 3).clamp(1, 3);
    let candidates = candidates.into_iter().take(MAX_CANDIDATES);
    let near = candidates.filter(|other| other.len().abs_diff(word.len()) <= 2 * limit);
    let (distance, candidate) =
        near.map(|other| (distance(word, other), other)).min_by_key(|(distance, _)| *distance)?;
    (distance <= limit && candidate != word).then_some(candidate)
}

/// ``did you mean `x`?`` for the closest candidate.
pub(crate) fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    closest(word, candidates).map(|candidate| format!("did you mean `{candidate}`?"))
}

/// Edits between two words, where a swap of neighbours is one edit; case and the difference
/// between `-` and `_` count as nothing.
fn distance(left: &str, right: &str) -> usize {
    let fold = |word: &str| -> Vec<char> {
        word.chars().map(|c| if c == '-' { '_' } else { c.to_ascii_lowercase() }).collect()
    };
    let (left, right) = (fold(left), fold(right));
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (row, a) in left.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, b) in right.iter().enumerate() {
            let replaced = above[column] + usize::from(a != b);
            let mut best = replaced.min(above[column + 1] + 1).min(current[column] + 1);
            let swapped = row > 0 && column > 0 && *a == right[column - 1] && left[row - 1] == *b;
            if swapped {
                best = best.min(before[column - 1] + 1);
            }
            current.push(best);
        }
        before = std::mem::replace(&mut above, current);
    }
    above[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_suggested_and_far_ones_are_not() {
        let known = ["timeout", "connect_timeout", "hosts", "rules"];
        for (word, expected) in [
            ("tiemout", Some("timeout")),
            ("Timeout", Some("timeout")),
            ("connect-timeout", Some("connect_timeout")),
            ("host", Some("hosts")),
            ("rueles", Some("rules")),
            ("upstream", None),
            ("", None),
        ] {
            assert_eq!(closest(word, known), expected, "{word}");
        }
    }
}
