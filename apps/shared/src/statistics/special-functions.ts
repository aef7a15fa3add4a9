/**
 * Logarithms of the gamma and beta functions and of the tail of the beta distribution. In logarithms, because evidence
 * over many requests is far outside what a number holds.
 */

/** Lanczos' series for g = 607/128 as Godfrey computed it (2001): 15 digits for every x > 0. */
// Looked up once: a value takes thousands of calls, and in the sandbox of a test each lookup of a global is slow.
const { abs, exp, expm1, log, log1p, max, min } = Math;
const LANCZOS_G = 607 / 128;
const LANCZOS = [
  0.9999999999999971, 57.15623566586292, -59.59796035547549, 14.136097974741746, -0.4919138160976202,
  3.399464998481189e-5, 4.652362892704858e-5, -9.837447530487956e-5, 0.0001580887032249125, -0.00021026444172410488,
  0.00021743961811521265, -0.0001643181065367639, 8.441822398385275e-5, -2.6190838401581408e-5, 3.6899182659531625e-6,
];
const HALF_LOG_2_PI = 0.5 * log(2 * Math.PI);

/** ln Gamma(x), within 1e-10 of it (relative, where it is far from 0). @param x > 0 */
export function logGamma(x: number): number {
  if (!(x > 0)) throw new RangeError(`logGamma needs x > 0 and was given ${x}`);
  // Below 1/2 the series loses digits; Gamma(x + 1) = x Gamma(x).
  if (x < 0.5) return logGamma(x + 1) - log(x);
  let series = LANCZOS[0] ?? 1;
  for (let term = 1; term < LANCZOS.length; term++) series += (LANCZOS[term] ?? 0) / (x - 1 + term);
  const shifted = x - 0.5 + LANCZOS_G;
  return HALF_LOG_2_PI + (x - 0.5) * log(shifted) - shifted + log(series);
}

/** ln B(a, b). @param a > 0 @param b > 0 */
export const logBeta = (a: number, b: number): number => logGamma(a) + logGamma(b) - logGamma(a + b);

/** Far more than any fraction here has needed; each term takes a few floating-point operations. */
const MAX_TERMS = 100_000;
const TINY = 1e-300;

/**
 * ln of the regularized incomplete beta function I_x(a, b): the probability that a Beta(a, b) variable is at most `x`.
 * Exact in the far tail too. By the continued fraction of DLMF 8.17.22, evaluated as Lentz does.
 * @param x in [0, 1]
 */
export function logBetaCdf(x: number, a: number, b: number): number {
  if (!(x >= 0 && x <= 1)) throw new RangeError(`logBetaCdf needs x in [0, 1] and was given ${x}`);
  if (x === 0) return -Infinity;
  if (x === 1) return 0;
  // The fraction converges fast on this side of the mean; the other side is its complement.
  if (x > (a + 1) / (a + b + 2)) return logOneMinusExp(logBetaCdf(1 - x, b, a));
  const head = a * log(x) + b * log1p(-x) - log(a) - logBeta(a, b);
  return min(0, head + log(betaFraction(x, a, b)));
}

function betaFraction(x: number, a: number, b: number): number {
  const guarded = (value: number) => (abs(value) < TINY ? TINY : value);
  let c = 1;
  let d = 1 / guarded(1 - ((a + b) * x) / (a + 1));
  let product = d;
  for (let m = 1; m <= MAX_TERMS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / guarded(1 + even * d);
    c = guarded(1 + even / c);
    product *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / guarded(1 + odd * d);
    c = guarded(1 + odd / c);
    const factor = d * c;
    product *= factor;
    if (abs(factor - 1) < 1e-14) return product;
  }
  throw new RangeError(`the incomplete beta function of ${a} and ${b} at ${x} does not converge`);
}

/** ln(1 - e^y). @param y <= 0 */
export const logOneMinusExp = (y: number): number => (y > -Math.LN2 ? log(-expm1(y)) : log1p(-exp(y)));

/** ln of the sum of e^y over all `terms`; -Infinity for none. */
export function logSumExp(terms: readonly number[]): number {
  const largest = max(-Infinity, ...terms);
  if (!Number.isFinite(largest)) return largest;
  return largest + log(terms.reduce((sum, term) => sum + exp(term - largest), 0));
}

/** ln of the mean of e^y over all `terms`, of which there is at least one. */
export const logMeanExp = (terms: readonly number[]): number => logSumExp(terms) - log(terms.length);
