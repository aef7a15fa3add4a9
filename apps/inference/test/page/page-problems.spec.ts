import { answered, photo } from './open-page.ts';
import { describePage, failPredictions, jpeg, overloaded, screenshots } from './page-suite.ts';

describePage('problems on the page', (suite) => {
  describe('when it goes wrong', () => {
    it("shows the service's message and hint for a file that is no picture", async () => {
      const page = await suite.show({ expectFailures: true });
      const response = page.waitForResponse('**/predict');
      await page.locator('#file').setInputFiles({ ...jpeg, buffer: Buffer.from('this is not a picture') });
      const { error } = (await (await response).json()) as { error: { message: string; hint: string; code: string } };
      await answered(page, 'problem');
      expect(await page.locator('#summary').textContent()).toBe(error.message);
      expect(await page.locator('#hint').textContent()).toBe(error.hint);
      expect(await page.locator('#body').textContent()).toContain(error.code);
      expect(await page.locator('#no-preview').isVisible()).toBe(true);
      await page.screenshot({ path: `${screenshots}error.png`, fullPage: true });
    });

    it('offers to try again after a 429, not before Retry-After, and holds the queue meanwhile', async () => {
      const page = await suite.show({ expectFailures: true, before: (opened) => opened.clock.install() });
      await failPredictions(page, 1, 429, overloaded, { 'retry-after': '600' });
      const buffer = await photo('harold.jpg');
      await page.locator('#file').setInputFiles([
        { ...jpeg, name: 'first.jpg', buffer },
        { ...jpeg, name: 'second.jpg', buffer },
      ]);
      expect(await answered(page, 'problem')).toBe('It is busy right now.');
      const again = page.getByRole('button', { name: 'Try again' });
      expect(await again.isDisabled()).toBe(true);
      expect(await again.textContent()).toMatch(/in [1-9]\d\d s/);
      expect(await page.locator('#waiting').textContent()).toBe('1 more waiting');
      await page.clock.fastForward(600_000);
      await page.getByRole('button', { name: 'Try again', exact: true }).click();
      await page.locator('.tile[data-state=done]').nth(1).waitFor();
      expect(await page.locator('#waiting').textContent()).toBe('');
    });

    it('waits for a model that is still loading and then sends the picture by itself', async () => {
      const page = await suite.show({ expectFailures: true });
      let isLoaded = false;
      let probes = 0;
      await page.route('**/readyz', async (route) => {
        probes += 1;
        if (!isLoaded) await route.fulfill({ status: 503, json: { ready: false, state: 'loading', model: 'catdog' } });
        else await route.fallback();
      });
      await failPredictions(page, 1, 503, {
        ...overloaded,
        code: 'MODEL_NOT_READY',
        message: 'No model is loaded yet.',
      });
      await page.locator('#example-list button').first().click();
      expect(await answered(page, 'problem')).toBe('The model is still loading.');
      await page.locator('#service[data-state=loading]').waitFor();
      while (probes === 0) await page.waitForTimeout(20);
      isLoaded = true;
      expect(await answered(page)).toBe("It's a cat.");
      expect(probes).toBeGreaterThanOrEqual(2);
    });

    it('knows whether the model is there also where a proxy keeps the probes inside', async () => {
      const page = await suite.show({
        expectFailures: true,
        before: async (opened) => {
          await opened.route('**/readyz', (route) => route.fulfill({ status: 404, body: 'not found' }));
        },
      });
      await page.locator('#service[data-state=ready]').waitFor();
      expect(await page.locator('#service').textContent()).toBe('Model ready');
    });

    it('has its own words for a service that cannot be reached, and recovers', async () => {
      const page = await suite.show({ expectFailures: true });
      await page.route('**/predict', (route) => route.abort('connectionrefused'), { times: 1 });
      await page.locator('#example-list button').first().click();
      expect(await answered(page, 'problem')).toBe("Can't reach the service.");
      await page.getByRole('button', { name: 'Try again' }).click();
      expect(await answered(page)).toBe("It's a cat.");
    });

    it('says that a reply without an explanation may come from something in between', async () => {
      const page = await suite.show({ expectFailures: true });
      await page.route('**/predict', (route) => route.fulfill({ status: 502, body: '<h1>Bad Gateway</h1>' }));
      await page.locator('#example-list button').first().click();
      await answered(page, 'problem');
      expect(await page.locator('#summary').textContent()).toContain('HTTP 502');
      expect(await page.locator('#hint').textContent()).toContain('proxy');
    });
  });

  describe('a file over 10 MB', () => {
    it('is not uploaded before it is scaled down', async () => {
      const page = await suite.show();
      const sent: number[] = [];
      page.on('request', (request) => {
        if (request.url().endsWith('/predict')) sent.push(request.postDataBuffer()?.length ?? 0);
      });
      // Decoders ignore what follows the end of a JPEG, so this is a real picture of 11 MB.
      const buffer = Buffer.concat([await photo('harold.jpg'), Buffer.alloc(11_000_000)]);
      await page.locator('#file').setInputFiles({ ...jpeg, buffer });
      expect(await answered(page, 'problem')).toBe('Too large to send.');
      expect(await page.locator('#summary').textContent()).toContain('11.0 MB');
      expect(sent).toEqual([]);
      await page.getByRole('button', { name: 'Scale it down and send' }).click();
      expect(await answered(page)).toBe("It's a cat.");
      expect(sent).toHaveLength(1);
    });

    it('that no browser can open is said to be so', async () => {
      const page = await suite.show();
      await page.locator('#file').setInputFiles({ ...jpeg, buffer: Buffer.alloc(11_000_000) });
      await page.getByRole('button', { name: 'Scale it down and send' }).click();
      await page.getByText('This browser cannot open the picture').waitFor();
    });
  });
});
