//! Asking for memory ahead of its use, so that the misses of several look-ups overlap.

/// Asks the processor for the cache line of `address`; any address will do.
#[inline]
pub fn prefetch<T>(address: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch reads nothing the program can see and never faults.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(address.cast());
    }
    // Elsewhere the line comes when it is read.
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}
