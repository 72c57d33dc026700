const randomization = 0.2;

/**
 * The host's randomised exponential back-off (RandomizedExponentialBackoffStrategy of the storage extension), in
 * milliseconds: `minimum` after a success, then minimum + minimum * 2^n * (0.8 … 1.2), never above `maximum`.
 */
export function createBackoff(
  minimum: number,
  maximum: number,
  random: () => number = Math.random,
): { next(succeeded: boolean): number } {
  let exponent = 0;
  let current = minimum;
  return {
    next(succeeded) {
      if (succeeded) {
        exponent = 1;
        current = Math.min(minimum, maximum);
      } else if (current !== maximum) {
        const factor = 1 - randomization + random() * 2 * randomization;
        const longer = exponent === 0 ? minimum : minimum + factor * 2 ** (exponent - 1) * minimum;
        if (longer < maximum) exponent++;
        current = Math.min(longer, maximum);
      }
      return current;
    },
  };
}
