/** Units that must not be mixed up. A value gets its brand where it is parsed; arithmetic gives a bare number again. */

declare const unit: unique symbol;

/** A length of time in seconds. */
export type Seconds = number & { readonly [unit]: 'seconds' };

/** A point in time in whole seconds since 1970-01-01T00:00:00Z (NumericDate, RFC 7519, section 2). */
export type EpochSeconds = number & { readonly [unit]: 'epoch seconds' };

/** Reads the clock in whole seconds. */
export type Clock = () => EpochSeconds;

/** @param value whole seconds */
export const seconds = (value: number): Seconds => value as Seconds;

/** @param value seconds since the epoch; fractions are cut */
export const epochSeconds = (value: number): EpochSeconds => Math.floor(value) as EpochSeconds;

/** The clock of the machine. */
export const systemClock: Clock = () => epochSeconds(Date.now() / 1000);
