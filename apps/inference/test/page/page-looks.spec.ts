import { answered, faintTexts, overflows } from './open-page.ts';
import { describePage, failPredictions, overloaded, screenshots } from './page-suite.ts';

describePage('the look and reach of the page', (suite) => {
  describe('looks', () => {
    const phone = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };

    it.each([
      ['light', { colorScheme: 'light' as const }],
      ['dark', { colorScheme: 'dark' as const }],
      ['phone', { ...phone, colorScheme: 'light' as const }],
      ['phone-dark', { ...phone, colorScheme: 'dark' as const }],
      // What a desktop of 1280 pixels shows at 200 % zoom.
      ['zoom-200', { viewport: { width: 640, height: 410 }, deviceScaleFactor: 2 }],
      ['calm', { reducedMotion: 'reduce' as const }],
    ])('%s: nothing sticks out and every text stands out, before and after an answer', async (name, options) => {
      const page = await suite.show(options);
      expect([await overflows(page), await faintTexts(page)]).toEqual([false, []]);
      await page.locator('#example-list button').last().click();
      await answered(page);
      await page.locator('#answer summary').click();
      await page.locator('#credits summary').click();
      expect([await overflows(page), await faintTexts(page)]).toEqual([false, []]);
      await page.screenshot({ path: `${screenshots}${name}.png`, fullPage: true });
    });

    it.each(['light', 'dark'] as const)('%s: an abstention is readable, and claims no label', async (colorScheme) => {
      const page = await suite.show({ colorScheme });
      await page.locator('#example-list button').last().click();
      expect(await answered(page)).toBe('Probably neither.');
      expect(await page.locator('#summary').textContent()).toMatch(/^Too unlike a cat or a dog to say which\./);
      expect(await page.locator('#history-list .tile').first().textContent()).toBe('Probably neither');
      const fills = await page
        .locator('.bar .fill')
        .evaluateAll((bars) => bars.map((bar) => getComputedStyle(bar).backgroundColor));
      expect(new Set(fills).size).toBe(1);
      expect([await overflows(page), await faintTexts(page)]).toEqual([false, []]);
      await page.screenshot({ path: `${screenshots}abstained-${colorScheme}.png`, fullPage: true });
    });

    it.each(['light', 'dark'] as const)('%s: a problem is readable too', async (colorScheme) => {
      const page = await suite.show({ expectFailures: true, colorScheme });
      await failPredictions(page, 1, 429, overloaded);
      await page.locator('#example-list button').first().click();
      await answered(page, 'problem');
      expect(await faintTexts(page)).toEqual([]);
    });
  });

  describe('for everyone', () => {
    it('gives every control a name and every picture an alternative', async () => {
      const page = await suite.show();
      await page.locator('#example-list button').first().click();
      await answered(page);
      const nameless = await page.evaluate(() =>
        [...document.querySelectorAll<HTMLElement>('button, a, summary, img')]
          .filter((node) => {
            if (node instanceof HTMLImageElement) return !node.hasAttribute('alt');
            const pictured = node.querySelector('img')?.alt ?? '';
            return `${node.ariaLabel ?? ''}${node.textContent}${pictured}`.trim() === '';
          })
          .map((node) => node.outerHTML),
      );
      expect(nameless).toEqual([]);
    });

    it('moves the focus in the order of reading, and shows where it is', async () => {
      const page = await suite.show();
      for (const expected of [
        'Choose pictures',
        ...suite.examples.map(({ name }) => name),
        'API',
        'Metrics',
        'Health',
      ]) {
        await page.keyboard.press('Tab');
        const stop = await page.evaluate(() => ({
          text: document.activeElement?.textContent.trim() ?? '',
          outline: getComputedStyle(document.activeElement!).outlineWidth,
        }));
        expect(stop).toEqual({ text: expected, outline: '3px' });
      }
    });

    it('links only to places that are there', async () => {
      const page = await suite.show();
      const links = await page
        .locator('footer nav a')
        .evaluateAll((nodes) => nodes.map((node) => (node as HTMLAnchorElement).href));
      const answers = await Promise.all(links.map(async (link) => [link, (await fetch(link)).status]));
      expect(answers).toEqual(links.map((link) => [link, 200]));
    });
  });
});
