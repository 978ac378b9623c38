//! A share as a bar.

/// A bar of `width` characters, filled for `share` between 0 and 1; anything above nothing fills at least an eighth.
pub(in crate::cli) fn bar(share: f64, width: usize) -> (String, String) {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let share = if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) };
    let exact = share * width as f64 * 8.0;
    // Nearly all is not all, and nearly nothing is not nothing.
    let mut eighths = if share < 1.0 { exact.floor() as usize } else { width * 8 };
    if share > 0.0 {
        eighths = eighths.max(1);
    }
    let (full, rest) = (eighths / 8, EIGHTHS[eighths % 8]);
    let filled = format!("{}{rest}", "█".repeat(full));
    let empty = "·".repeat(width.saturating_sub(full + usize::from(!rest.is_empty())));
    (filled, empty)
}

#[cfg(test)]
mod tests {
    use super::bar;

    #[test]
    fn a_bar_is_never_full_too_early_nor_empty_too_late() {
        let text = |share| {
            let (filled, empty) = bar(share, 4);
            filled + &empty
        };
        assert_eq!(text(0.0), "····");
        assert_eq!(text(0.0001), "▏···");
        assert_eq!(text(0.5), "██··");
        assert_eq!(text(0.9999), "███▉");
        assert_eq!(text(1.0), "████");
        assert_eq!(text(f64::NAN), "····");
    }
}
