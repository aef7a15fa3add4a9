import { setTimeout as sleep } from 'node:timers/promises';
import { relative } from 'node:path';
import type { ModelService } from './model/model.service.ts';

/** How often the banner looks whether the model is ready, ms. */
const POLL_MS = 20;

/** Tells whoever started the service by hand where the page is and how to ask it, once an answer is to be had. */
export async function printBanner(model: ModelService, url: string): Promise<void> {
  while (model.state.name === 'loading') await sleep(POLL_MS);
  const { served } = model;
  if (served === undefined) {
    console.error(`\n  Pawl runs at ${url}, without a model: ${model.whyNotReady}\n`);
    return;
  }
  const { name, version } = served.manifest;
  const example = relative(process.cwd(), served.examplePath);
  console.error(`
  Pawl serves ${name} ${version}

  Page   ${url}
  API    ${url}/docs
  Try    curl -F file=@${example} ${url}/predict
`);
}
