//! What reading one wire value comes to.

/// One wire value as the Arrow type sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decoded<T> {
    /// The Arrow type holds it exactly.
    Exact(T),
    /// A value that the Arrow type does not hold; it goes to the companion column.
    Companion,
    /// No value of the type.
    Malformed,
}

impl<T> Decoded<T> {
    /// Reads a value of fixed length; any other length is malformed.
    #[inline]
    pub(super) fn fixed<const N: usize>(wire: &[u8], read: impl FnOnce([u8; N]) -> T) -> Self {
        wire.try_into().map_or(Self::Malformed, |bytes| Self::Exact(read(bytes)))
    }

    /// Goes on with an exact value.
    #[inline]
    pub(super) fn then<U>(self, next: impl FnOnce(T) -> Decoded<U>) -> Decoded<U> {
        match self {
            Self::Exact(value) => next(value),
            Self::Companion => Decoded::Companion,
            Self::Malformed => Decoded::Malformed,
        }
    }

    /// Returns the value if it is exact.
    pub(super) fn exact(self) -> Option<T> {
        match self {
            Self::Exact(value) => Some(value),
            Self::Companion | Self::Malformed => None,
        }
    }
}
