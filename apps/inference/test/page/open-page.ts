import { readFile } from 'node:fs/promises';
import { type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

/** The bundled photographs. */
const examplesFolder = new URL('../../public/examples/', import.meta.url);

/** One line of `examples.json`. */
export interface Example {
  readonly file: string;
  readonly name: string;
  readonly alt: string;
  readonly expected: string | null;
  readonly credit: { readonly author: string; readonly licence: string; readonly url?: string };
}

export async function readExamples(): Promise<Example[]> {
  return JSON.parse(await readFile(new URL('examples.json', examplesFolder), 'utf8')) as Example[];
}

/** The bytes of an example. */
export function photo(file: string): Promise<Buffer> {
  return readFile(new URL(file, examplesFolder));
}

/** A page with a record of everything that a well-made page never does. */
export interface OpenPage {
  readonly page: Page;
  /** Script errors, console errors, requests to other origins and breaches of the content security policy. */
  readonly faults: string[];
  close(): Promise<void>;
}

/**
 * Opens the page in a fresh profile and waits until its examples are there. A failed request is reported by Chromium on
 * the console too; `expectFailures` leaves those lines out for the tests that are about failed requests.
 */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions & { expectFailures?: boolean; before?: (page: Page) => Promise<void> } = {},
): Promise<OpenPage> {
  const { expectFailures = false, before, ...contextOptions } = options;
  const context = await browser.newContext({ viewport: { width: 1200, height: 820 }, ...contextOptions });
  context.setDefaultTimeout(120_000);
  // Requests are made for the browser, and so the same: its own are broken off (ERR_NETWORK_CHANGED) whenever a network
  // interface of the machine comes or goes, which each pod of a cluster on it brings.
  await context.route('**', async (route) => {
    try {
      await route.fulfill({ response: await route.fetch() });
    } catch (error) {
      // Nobody asks any more.
      if (page.isClosed()) return;
      throw error;
    }
  });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(`script error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return;
    if (expectFailures && message.text().startsWith('Failed to load resource')) return;
    faults.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== 'blob:' && origin !== new URL(url).origin) faults.push(`request to ${request.url()}`);
  });
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(`policy breached: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  await before?.(page);
  await page.goto(url);
  await page.locator('#example-list button').first().waitFor();
  const close = async () => {
    // What is being fetched for the page ends with it, and that is no fault of anybody.
    await context.unrouteAll({ behavior: 'ignoreErrors' });
    await context.close();
  };
  return { page, faults, close };
}

/** Waits for the answer panel to reach a state and returns its headline. */
export async function answered(page: Page, state: 'done' | 'problem' = 'done'): Promise<string> {
  await page.locator(`#answer[data-state=${state}]`).waitFor();
  return (await page.locator('#headline').textContent()) ?? '';
}

/** True when something sticks out sideways, which on a phone makes the whole page slide about. */
export function overflows(page: Page): Promise<boolean> {
  return page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
}

/** The visible texts whose colour stands out less than WCAG AA asks, with the ratio. */
export function faintTexts(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const parse = (colour: string) => {
      const [r = 0, g = 0, b = 0, a = 1] = (/\(([^)]+)\)/.exec(colour)?.[1] ?? '').split(/[\s,/]+/).map(Number);
      return { rgb: [r, g, b], a };
    };
    const luminance = (rgb: number[]) => {
      const [r = 0, g = 0, b = 0] = rgb
        .map((channel) => channel / 255)
        .map((channel) => (channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (start: Element) => {
      for (let node: Element | null = start; node; node = node.parentElement) {
        const { rgb, a } = parse(getComputedStyle(node).backgroundColor);
        if (a === 1) return rgb;
      }
      return [255, 255, 255];
    };
    const faint: string[] = [];
    for (const node of document.querySelectorAll('body *')) {
      const text = [...node.childNodes].filter((child) => child.nodeType === 3).map((child) => child.textContent);
      const style = getComputedStyle(node);
      if (text.join('').trim() === '' || !node.checkVisibility({ visibilityProperty: true })) continue;
      // WCAG asks nothing of disabled controls.
      if (node.matches(':disabled')) continue;
      const [light, dark] = [luminance(parse(style.color).rgb), luminance(ground(node))].sort((a, b) => b - a);
      const ratio = ((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05);
      const large = parseFloat(style.fontSize) >= 24;
      if (ratio < (large ? 3 : 4.5)) faint.push(`${text.join('').trim()} ${ratio.toFixed(2)}`);
    }
    return faint;
  });
}
