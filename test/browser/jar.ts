/** The cookies of a visitor. */
import type { BrowserContext, Cookie } from 'puppeteer-core';

/** Firefox lists a cookie that an answer has deleted until the second is over, if the browser did not have it before. */
const isKept = ({ expires }: Cookie): boolean => expires === -1 || expires > Date.now() / 1000 + 1;

export const cookiesIn = async (context: BrowserContext): Promise<readonly Cookie[]> =>
  (await context.cookies()).filter(isKept);
