/** The real browsers of this machine, driven over WebDriver BiDi; each test gets a fresh jar of cookies in each of them. */
import { existsSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { launch } from 'puppeteer-core';
import type { Browser, BrowserContext, Page } from 'puppeteer-core';

interface KnownBrowser {
  readonly name: string;
  readonly browser: 'chrome' | 'firefox';
  readonly paths: readonly string[];
  readonly args: readonly string[];
}

const knownBrowsers: readonly KnownBrowser[] = [
  {
    name: 'Chromium',
    browser: 'chrome',
    paths: [
      '/usr/bin/chromium',
      '/usr/bin/chromium-browser',
      '/usr/bin/google-chrome',
      '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    ],
    args: [
      // Containers and root have no sandbox for Chromium; it only ever sees pages of this machine.
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  },
  {
    name: 'Firefox',
    browser: 'firefox',
    paths: ['/usr/bin/firefox-esr', '/usr/bin/firefox', '/Applications/Firefox.app/Contents/MacOS/firefox'],
    args: [],
  },
];

/** How long a test waits for something to appear. */
const patienceMs = 15_000;

/** What a test is given: somebody who has just started this browser for the first time. */
export interface Visitor {
  readonly context: BrowserContext;
  newPage(): Promise<Page>;
}

/** Ends when the test does. */
export type NewVisitor = (t: TestContext) => Promise<Visitor>;

/** Defines tests for the browser of this name. */
export type Define = (newVisitor: NewVisitor, name: string) => void;

async function end(browser: Browser): Promise<void> {
  const child = browser.process();
  await browser.close();
  if (child?.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
}

function defineWith({ name, browser, args }: KnownBrowser, executablePath: string, define: Define) {
  describe(`in ${name}`, () => {
    let running: Browser;

    before(async () => {
      running = await launch({ browser, executablePath, protocol: 'webDriverBiDi', headless: true, args: [...args] });
    });
    after(async () => {
      await end(running);
    });

    define(async (t) => {
      const context = await running.createBrowserContext();
      t.after(async () => {
        await context.close();
      });
      return {
        context,
        async newPage() {
          const page = await context.newPage();
          page.setDefaultTimeout(patienceMs);
          return page;
        },
      };
    }, name);
  });
}

/** Defines the same tests for every browser; where one is not installed that is said aloud, and its tests are skipped. */
export function inEveryBrowser(define: Define): void {
  for (const known of knownBrowsers) {
    const found = known.paths.find((path) => existsSync(path));
    if (found !== undefined) {
      defineWith(known, found, define);
      continue;
    }
    const reason = `${known.name} is not installed at any of ${known.paths.join(', ')}`;
    console.error(`\n!!! ${reason}: its tests DO NOT RUN\n`);
    test(`in ${known.name}, which is not installed`, { skip: reason });
  }
}
