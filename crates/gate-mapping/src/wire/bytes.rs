//! The bytes of Protobuf: varints, tags, payloads.

use gate_codec::Class;

/// Most groups within groups that are passed over.
const GROUPS_MAX: usize = 16;

/// A value's bytes.
#[derive(Clone, Copy)]
pub(super) enum Payload<'a> {
    Varint(u64),
    Four([u8; 4]),
    Eight([u8; 8]),
    Bytes(&'a [u8]),
    /// Nobody wrote it, and it has no presence.
    Unwritten,
}

pub(super) fn varint(rest: &mut &[u8]) -> Result<u64, Class> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first().ok_or(Class::Truncated)?;
        *rest = after;
        let part = u64::from(byte & 0x7F);
        if shift == 63 && part > 1 {
            return Err(Class::Malformed);
        }
        number |= part << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(Class::Malformed)
}

pub(super) const fn zigzag(number: u64) -> i64 {
    ((number >> 1) as i64) ^ -((number & 1) as i64)
}

pub(super) fn take<'a>(rest: &mut &'a [u8], n_bytes: usize) -> Result<&'a [u8], Class> {
    let (taken, after) = rest.split_at_checked(n_bytes).ok_or(Class::Truncated)?;
    *rest = after;
    Ok(taken)
}

/// The number of a field and the type of what follows.
pub(super) fn tag(rest: &mut &[u8]) -> Result<(u32, u8), Class> {
    let tag = varint(rest)?;
    let number = u32::try_from(tag >> 3)
        .ok()
        .filter(|it| (1..1 << 29).contains(it))
        .ok_or(Class::Malformed)?;
    Ok((number, (tag & 7) as u8))
}

pub(super) fn payload<'a>(rest: &mut &'a [u8], wire: u8) -> Result<Payload<'a>, Class> {
    match wire {
        0 => varint(rest).map(Payload::Varint),
        1 => Ok(Payload::Eight(take(rest, 8)?.try_into().map_err(|_| Class::Truncated)?)),
        2 => {
            let n_bytes = usize::try_from(varint(rest)?).map_err(|_| Class::Truncated)?;
            take(rest, n_bytes).map(Payload::Bytes)
        }
        5 => Ok(Payload::Four(take(rest, 4)?.try_into().map_err(|_| Class::Truncated)?)),
        _ => Err(Class::Malformed),
    }
}

/// Passes over a value, and over everything in a group.
pub(super) fn skip(rest: &mut &[u8], number: u32, wire: u8, depth: usize) -> Result<(), Class> {
    match wire {
        3 if depth >= GROUPS_MAX => Err(Class::TooDeep),
        3 => loop {
            let (inner, wire) = tag(rest)?;
            match wire {
                4 if inner == number => return Ok(()),
                wire => skip(rest, inner, wire, depth + 1)?,
            }
        },
        wire => payload(rest, wire).map(|_| ()),
    }
}
