//! Grisu2: the digits of a float, the way Redis and Valkey find them.
//!
//! A float stands for every number nearer to it than to its neighbours. Grisu2 scales that interval
//! by a power of ten until its bounds have few bits before the point, and takes digits from the
//! upper bound until the rest fits into the interval; then it lowers the last digit while that
//! comes closer to the float. The power is rounded to 64 bits, so the interval is taken a little
//! too small: one float in a thousand gets a digit too many, or a last digit that is off by one,
//! though each reads back the same. An exact algorithm would spell those scores otherwise than
//! Redis does.
//!
//! Source: Florian Loitsch, "Printing Floating-Point Numbers Quickly and Accurately with Integers",
//! 2010; which power is chosen where several would do decides some digits, and is as in Redis's
//! fpconv.

/// The most digits a float needs.
pub(super) const MOST_DIGITS: usize = 18;

/// A positive float as digits × 10^exponent.
pub(super) struct Decimal {
    digits: [u8; MOST_DIGITS],
    count: usize,
    /// The power of ten that the last digit counts.
    pub(super) exponent: i32,
}

impl Decimal {
    /// Digits that read back as this float, which is positive and finite.
    pub(super) fn of(value: f64) -> Self {
        let (float, low, high) = boundaries(value);
        let (power, exponent) = scale(high.exponent);
        let float = float.times(power);
        // One unit inwards makes up for the rounding of the products.
        let low = low.times(power).fraction + 1;
        let high = Binary { fraction: high.times(power).fraction - 1, ..float };
        let interval =
            Interval { width: high.fraction - low, above: high.fraction - float.fraction };
        let mut decimal = Decimal { digits: [0; MOST_DIGITS], count: 0, exponent: -exponent };
        decimal.generate(high, interval);
        decimal
    }

    /// The digits, in ASCII; the first is not zero.
    pub(super) fn digits(&self) -> &[u8] {
        &self.digits[..self.count]
    }

    fn generate(&mut self, high: Binary, mut interval: Interval) {
        let point = high.exponent.unsigned_abs();
        let one = 1u64 << point;
        // Before the point are at most 32 bits.
        let mut whole = (high.fraction >> point) as u32;
        let mut fraction = high.fraction & (one - 1);
        for place in (0..=whole.checked_ilog10().unwrap_or(0)).rev() {
            let unit = 10u32.pow(place);
            self.push(u64::from(whole / unit));
            whole %= unit;
            let rest = (u64::from(whole) << point) + fraction;
            if rest <= interval.width {
                self.exponent += place as i32;
                return self.lower_last(rest, u64::from(unit) << point, interval);
            }
        }
        loop {
            fraction *= 10;
            interval.width *= 10;
            interval.above *= 10;
            self.exponent -= 1;
            self.push(fraction >> point);
            fraction &= one - 1;
            if fraction < interval.width {
                return self.lower_last(fraction, one, interval);
            }
        }
    }

    fn push(&mut self, digit: u64) {
        if digit > 0 || self.count > 0 {
            self.digits[self.count] = b'0' + digit as u8;
            self.count += 1;
        }
    }

    /// Lowers the last digit while the number stays in the interval and comes closer to the float.
    /// `rest` is how far the digits are below the upper bound, `unit` what one of the last
    /// digit is worth.
    fn lower_last(&mut self, mut rest: u64, unit: u64, interval: Interval) {
        let Interval { width, above } = interval;
        while rest < above
            && width - rest >= unit
            && (rest + unit < above || above - rest > rest + unit - above)
        {
            self.digits[self.count - 1] -= 1;
            rest += unit;
        }
    }
}

/// The numbers that read back as the float, measured down from their upper bound.
#[derive(Clone, Copy)]
struct Interval {
    width: u64,
    /// From the float to the upper bound.
    above: u64,
}

/// fraction × 2^exponent.
#[derive(Clone, Copy)]
struct Binary {
    fraction: u64,
    exponent: i32,
}

impl Binary {
    fn normalized(self) -> Self {
        let zeros = self.fraction.leading_zeros();
        Binary { fraction: self.fraction << zeros, exponent: self.exponent - zeros as i32 }
    }

    /// The upper half of the product, rounded.
    fn times(self, other: Self) -> Self {
        let product = u128::from(self.fraction) * u128::from(other.fraction) + (1 << 63);
        Binary { fraction: (product >> 64) as u64, exponent: self.exponent + other.exponent + 64 }
    }
}

const FRACTION_BITS: u32 = 52;
const HIDDEN_BIT: u64 = 1 << FRACTION_BITS;
/// The exponent of the smallest floats' last bit.
const LEAST_EXPONENT: i32 = -1074;

/// The float and the bounds halfway to its neighbours; the bounds share an exponent.
fn boundaries(value: f64) -> (Binary, Binary, Binary) {
    let bits = value.to_bits();
    let biased = (bits >> FRACTION_BITS) as i32;
    let float = if biased > 0 {
        let fraction = (bits & (HIDDEN_BIT - 1)) | HIDDEN_BIT;
        Binary { fraction, exponent: biased - 1 + LEAST_EXPONENT }
    } else {
        Binary { fraction: bits, exponent: LEAST_EXPONENT }
    };
    let above = Binary { fraction: float.fraction * 2 + 1, exponent: float.exponent - 1 };
    let high = above.normalized();
    // Below a power of two floats stand twice as close.
    let closer = if float.fraction == HIDDEN_BIT { 2 } else { 1 };
    let low =
        Binary { fraction: (float.fraction << closer) - 1, exponent: float.exponent - closer };
    let up = low.exponent - high.exponent;
    let low = Binary { fraction: low.fraction << up, exponent: high.exponent };
    (float.normalized(), low, high)
}

/// The power of ten that scales a number with this exponent to 32 to 60 bits behind the point.
fn scale(exponent: i32) -> (Binary, i32) {
    const LOG10_OF_2: f64 = 0.301_029_995_663_981_14;
    let estimate = (f64::from(-(exponent + POWERS.len() as i32)) * LOG10_OF_2) as i32;
    let mut row = ((estimate - FIRST_POWER) / POWER_STEP) as usize;
    loop {
        let ten = FIRST_POWER + row as i32 * POWER_STEP;
        let power = Binary { fraction: POWERS[row], exponent: log2_of_power(ten) - 63 };
        match exponent + power.exponent + 64 {
            ..-60 => row += 1,
            -60..=-32 => return (power, ten),
            _ => row -= 1,
        }
    }
}

/// The exponent of the largest power of two in 10^power, for the powers of the table.
fn log2_of_power(power: i32) -> i32 {
    (power * 217_706) >> 16
}

const FIRST_POWER: i32 = -348;
const POWER_STEP: i32 = 8;

/// 10^-348, 10^-340 … 10^340, each rounded to 64 bits with the top one set.
const POWERS: [u64; 87] = [
    0xfa8fd5a0081c0288,
    0xbaaee17fa23ebf76,
    0x8b16fb203055ac76,
    0xcf42894a5dce35ea,
    0x9a6bb0aa55653b2d,
    0xe61acf033d1a45df,
    0xab70fe17c79ac6ca,
    0xff77b1fcbebcdc4f,
    0xbe5691ef416bd60c,
    0x8dd01fad907ffc3c,
    0xd3515c2831559a83,
    0x9d71ac8fada6c9b5,
    0xea9c227723ee8bcb,
    0xaecc49914078536d,
    0x823c12795db6ce57,
    0xc21094364dfb5637,
    0x9096ea6f3848984f,
    0xd77485cb25823ac7,
    0xa086cfcd97bf97f4,
    0xef340a98172aace5,
    0xb23867fb2a35b28e,
    0x84c8d4dfd2c63f3b,
    0xc5dd44271ad3cdba,
    0x936b9fcebb25c996,
    0xdbac6c247d62a584,
    0xa3ab66580d5fdaf6,
    0xf3e2f893dec3f126,
    0xb5b5ada8aaff80b8,
    0x87625f056c7c4a8b,
    0xc9bcff6034c13053,
    0x964e858c91ba2655,
    0xdff9772470297ebd,
    0xa6dfbd9fb8e5b88f,
    0xf8a95fcf88747d94,
    0xb94470938fa89bcf,
    0x8a08f0f8bf0f156b,
    0xcdb02555653131b6,
    0x993fe2c6d07b7fac,
    0xe45c10c42a2b3b06,
    0xaa242499697392d3,
    0xfd87b5f28300ca0e,
    0xbce5086492111aeb,
    0x8cbccc096f5088cc,
    0xd1b71758e219652c,
    0x9c40000000000000,
    0xe8d4a51000000000,
    0xad78ebc5ac620000,
    0x813f3978f8940984,
    0xc097ce7bc90715b3,
    0x8f7e32ce7bea5c70,
    0xd5d238a4abe98068,
    0x9f4f2726179a2245,
    0xed63a231d4c4fb27,
    0xb0de65388cc8ada8,
    0x83c7088e1aab65db,
    0xc45d1df942711d9a,
    0x924d692ca61be758,
    0xda01ee641a708dea,
    0xa26da3999aef774a,
    0xf209787bb47d6b85,
    0xb454e4a179dd1877,
    0x865b86925b9bc5c2,
    0xc83553c5c8965d3d,
    0x952ab45cfa97a0b3,
    0xde469fbd99a05fe3,
    0xa59bc234db398c25,
    0xf6c69a72a3989f5c,
    0xb7dcbf5354e9bece,
    0x88fcf317f22241e2,
    0xcc20ce9bd35c78a5,
    0x98165af37b2153df,
    0xe2a0b5dc971f303a,
    0xa8d9d1535ce3b396,
    0xfb9b7cd9a4a7443c,
    0xbb764c4ca7a44410,
    0x8bab8eefb6409c1a,
    0xd01fef10a657842c,
    0x9b10a4e5e9913129,
    0xe7109bfba19c0c9d,
    0xac2820d9623bf429,
    0x80444b5e7aa7cf85,
    0xbf21e44003acdd2d,
    0x8e679c2f5e44ff8f,
    0xd433179d9c8cb841,
    0x9e19db92b4e31ba9,
    0xeb96bf6ebadf77d9,
    0xaf87023b9bf0ee6b,
];
