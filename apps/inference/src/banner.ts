import { relative } from 'node:path';
import type { ModelService } from './model/model.service.ts';

/** Shows the person who started the service where the page is and how to send an image, once the model answers. */
export async function printBanner(model: ModelService, url: string, tell: (text: string) => void): Promise<void> {
  await model.settled;
  const { served } = model;
  if (served === undefined) {
    tell(`\n  Pawl runs at ${url}, without a model: ${model.whyNotReady}\n`);
    return;
  }
  const { name, version } = served.manifest;
  const example = relative(process.cwd(), served.examplePath);
  tell(`
  Pawl serves ${name} ${version}

  Page   ${url}
  API    ${url}/docs
  Try    curl -F file=@${example} ${url}/predict
`);
}
