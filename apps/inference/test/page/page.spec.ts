import { type Page } from 'playwright-core';
import { answered, photo } from './open-page.ts';
import { describePage, jpeg } from './page-suite.ts';

/** Presses Tab until the wanted element has the focus, as someone without a mouse would. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press('Tab');
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector)) return;
  }
  throw new Error(`Tab never reaches ${selector}.`);
}

/** Gives a file to the page the way the browser does after a paste or a drop. */
async function hand(page: Page, how: 'paste' | 'drop', bytes: Buffer, name = 'cat.jpg'): Promise<void> {
  await page.evaluate(
    ({ how, base64, name }) => {
      const data = new DataTransfer();
      const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
      data.items.add(new File([bytes], name, { type: 'image/jpeg' }));
      const options = { bubbles: true, cancelable: true };
      if (how === 'paste') window.dispatchEvent(new ClipboardEvent('paste', { ...options, clipboardData: data }));
      else {
        for (const type of ['dragenter', 'dragover', 'drop']) {
          document.body.dispatchEvent(new DragEvent(type, { ...options, dataTransfer: data }));
        }
      }
    },
    { how, base64: bytes.toString('base64'), name },
  );
}

describePage('the page in a real browser', (suite) => {
  describe('ways in', () => {
    it('answers an example that is reached and picked with the keyboard alone', async () => {
      const page = await suite.show();
      await tabTo(page, '#example-list li:nth-child(2) button');
      await page.keyboard.press('Enter');
      expect(await answered(page)).toBe("It's a dog.");
      expect(await page.locator('#picture').getAttribute('alt')).toBe(suite.examples[1]!.alt);
      expect(await page.locator('#credit').textContent()).toContain(suite.examples[1]!.credit.licence);
    });

    it('answers every bundled example as its label says', async () => {
      const page = await suite.show();
      for (const [index, example] of suite.examples.entries()) {
        const answer = page.waitForResponse('**/predict');
        await page.locator('#example-list button').nth(index).click();
        const { label, abstained } = (await (await answer).json()) as { label: string; abstained: boolean };
        const headline = await answered(page);
        if (example.expected !== null)
          expect([example.file, label, abstained]).toEqual([example.file, example.expected, false]);
        else {
          expect([example.file, abstained, headline]).toEqual([example.file, true, 'Probably neither.']);
          expect(await page.locator('.note').first().textContent()).toBe('That is right: the picture shows neither.');
        }
      }
    });

    it('answers a file from the file chooser', async () => {
      const page = await suite.show();
      const chooser = page.waitForEvent('filechooser');
      await page.getByRole('button', { name: 'Choose pictures' }).click();
      await (await chooser).setFiles({ ...jpeg, buffer: await photo('harold.jpg') });
      expect(await answered(page)).toBe("It's a cat.");
    });

    it.each(['paste', 'drop'] as const)('answers a picture that comes by %s', async (how) => {
      const page = await suite.show();
      await hand(page, how, await photo('two-spaniels.jpg'));
      expect(await answered(page)).toBe("It's a dog.");
      expect(await page.locator('#drop').isVisible()).toBe(false);
    });

    it('explains a drop that holds only a link', async () => {
      const page = await suite.show();
      await page.evaluate(() => {
        const dataTransfer = new DataTransfer();
        dataTransfer.setData('text/uri-list', 'https://example.org/cat.jpg');
        document.body.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer }));
      });
      expect(await answered(page, 'problem')).toBe('That was a link, not a file.');
    });
  });

  describe('an answer', () => {
    it('shows both probabilities, the time, the model and the prediction id', async () => {
      const page = await suite.show();
      const response = page.waitForResponse('**/predict');
      await page.locator('#example-list button').first().click();
      const body = (await (await response).json()) as Record<string, string>;
      await answered(page);
      expect(await page.locator('.bar .name').allTextContents()).toEqual(['cat', 'dog']);
      expect(await page.locator('#summary').textContent()).toMatch(/^(over )?\d+\.\d% sure, answered in [\d.]+ m?s\.$/);
      await page.locator('#answer summary').click();
      const facts = await page.locator('.facts').textContent();
      for (const key of ['model_version', 'model_digest', 'prediction_id']) expect(facts).toContain(body[key]);
      expect(await page.locator('#service').textContent()).toContain(body.model_version);
    });

    it('is announced, in a region that was there before it', async () => {
      const page = await suite.show();
      expect(await page.locator('[aria-live=polite] #headline').count()).toBe(1);
    });

    it('gives the same question as a curl line to copy', async () => {
      const page = await suite.show({ permissions: ['clipboard-read', 'clipboard-write'] });
      await page.locator('#example-list button').first().click();
      await answered(page);
      await page.getByRole('button', { name: 'Copy as curl' }).click();
      await page.getByText('Copied').first().waitFor();
      const copied = await page.evaluate(() => navigator.clipboard.readText());
      expect(copied).toContain(`'${new URL('predict', suite.url).href}'`);
    });

    it('of a model with many classes shows the five most likely', async () => {
      const page = await suite.show();
      const labels = ['egyptian_cat', 'tabby', 'tiger_cat', 'lynx', 'window_screen', 'quilt', 'sofa'];
      const values = Object.fromEntries(labels.map((label, index) => [`${label}_probability`, 0.6 / 2 ** index]));
      await page.route('**/predict', (route) =>
        route.fulfill({ json: { label: 'egyptian_cat', confidence: 0.6, ...values, model_version: '2.0.0' } }),
      );
      await page.locator('#example-list button').first().click();
      expect(await answered(page)).toBe('Maybe an egyptian cat.');
      expect(await page.locator('.bar').count()).toBe(5);
      expect(await page.getByText('and 2 more').count()).toBe(1);
    });
  });

  it('takes several files one after another and keeps them in the strip', async () => {
    const page = await suite.show();
    let running = 0;
    let most = 0;
    await page.route('**/predict', async (route) => {
      most = Math.max(most, (running += 1));
      const response = await route.fetch();
      running -= 1;
      await route.fulfill({ response });
    });
    const files = ['harold.jpg', 'ginger-dog.jpg', 'blue-eyes.jpg'];
    await page
      .locator('#file')
      .setInputFiles(await Promise.all(files.map(async (name) => ({ ...jpeg, name, buffer: await photo(name) }))));
    await page.locator('.tile[data-state=done]').nth(2).waitFor();
    expect(most).toBe(1);
    expect(await page.locator('#history .tile-label').allTextContents()).toEqual(['cat', 'dog', 'cat']);
    await page.getByRole('button', { name: /^ginger-dog\.jpg/ }).click();
    expect(await page.locator('#headline').textContent()).toBe("It's a dog.");
  });

  it('keeps the last twelve pictures', async () => {
    const page = await suite.show();
    const buffer = await photo('tiger.jpg');
    const files = Array.from({ length: 14 }, (_, index) => ({ ...jpeg, name: `${String(index)}.jpg`, buffer }));
    await page.locator('#file').setInputFiles(files);
    await page.getByRole('button', { name: /^13\.jpg: (?!Looking)/ }).waitFor();
    expect(await page.locator('#history .tile').count()).toBe(12);
    expect(await page.getByRole('button', { name: /^1\.jpg/ }).count()).toBe(0);
  });
});
