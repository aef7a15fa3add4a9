import { mkdir } from 'node:fs/promises';
import { chromium, type Browser, type Page } from 'playwright-core';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { startService } from '../support/start-service.ts';
import { openPage, readExamples, type Example, type OpenPage } from './open-page.ts';
import { inRepository } from '@pawl/test-kit/repository';

/** Where the suites leave what they saw, for a person to look at. */
export const screenshots = inRepository('reports/page/');

/** A file as the chooser gives it, but for its bytes. */
export const jpeg = { name: 'cat.jpg', mimeType: 'image/jpeg' };

/** The error that the service answers when its queue is full. */
export const overloaded = {
  code: 'OVERLOADED',
  message: '64 images are already waiting.',
  hint: 'Try again after the seconds given in Retry-After.',
  request_id: 'r-1',
};

/** Makes the next `times` predictions fail with this status, then lets the service answer. */
export async function failPredictions(
  page: Page,
  times: number,
  status: number,
  error: object,
  headers = {},
): Promise<void> {
  await page.route('**/predict', (route) => route.fulfill({ status, headers, json: { error } }), { times });
}

/** The real service, a real browser and one page a test. */
export class PageSuite {
  #service: Awaited<ReturnType<typeof startService>> | undefined;
  #browser: Browser | undefined;
  #open: OpenPage | undefined;
  examples: Example[] = [];

  get url(): string {
    return this.#service!.url;
  }

  async start(executablePath: string): Promise<void> {
    await mkdir(screenshots, { recursive: true });
    [this.#service, this.#browser, this.examples] = await Promise.all([
      startService(),
      chromium.launch({ executablePath, args: ['--no-sandbox'] }),
      readExamples(),
    ]);
  }

  async show(options?: Parameters<typeof openPage>[2]): Promise<Page> {
    this.#open = await openPage(this.#browser!, this.url, options);
    return this.#open.page;
  }

  /** Ends a test's page; the faults it made meanwhile. */
  async close(): Promise<readonly string[]> {
    await this.#open?.close();
    return this.#open?.faults ?? [];
  }

  async stop(): Promise<void> {
    await this.#browser?.close();
    await this.#service?.stop();
  }
}

/**
 * A suite about the page. Every test in it is also a test of what a page never does: no script error, no console error,
 * no request to another origin, no breach of the content security policy.
 */
export function describePage(title: string, tests: (suite: PageSuite) => void): void {
  describeWhenSet('PAWL_TEST_CHROMIUM', title, (executablePath) => {
    const suite = new PageSuite();
    beforeAll(() => suite.start(executablePath));
    afterEach(async () => {
      expect(await suite.close()).toEqual([]);
    });
    afterAll(() => suite.stop());
    tests(suite);
  });
}
