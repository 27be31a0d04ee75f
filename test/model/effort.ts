/** How much is tried: a minute by default, much more where `MODEL_LONG` is set (`npm run model`). */
export const isLong = process.env['MODEL_LONG'] === '1';

/** `MODEL_SEED` repeats what a longer run has found; such a run draws its own. */
export const seed = Number(process.env['MODEL_SEED'] ?? (isLong ? Date.now() % 1_000_000_000 : 20_261_122));
