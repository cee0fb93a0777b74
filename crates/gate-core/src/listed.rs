//! Enums that are listed in full: a variant that is added stands in `ALL`, and so in each set and table made of it.

/// Declares an enum and its `ALL`, in the order it is written in.
macro_rules! listed {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident {
            $($(#[$about:meta])* $variant:ident $(= $code:literal)?,)*
        }
    ) => {
        $(#[$meta])*
        $vis enum $name {
            $($(#[$about])* $variant $(= $code)?,)*
        }

        impl $name {
            /// Every one, in order.
            $vis const ALL: [Self; [$(Self::$variant),*].len()] = [$(Self::$variant),*];
        }
    };
}
pub(crate) use listed;
