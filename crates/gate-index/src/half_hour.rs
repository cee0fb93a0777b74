//! Half hours: what counts are made over, and what expires as a whole.

/// What decisions are counted in.
pub const HALF_HOUR_MICROS: i64 = 30 * 60 * 1_000_000;

/// The half hour of an instant.
pub(crate) fn of(micros: i64) -> i64 {
    micros.div_euclid(HALF_HOUR_MICROS)
}
