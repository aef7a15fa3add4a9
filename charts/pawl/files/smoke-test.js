/* global fetch, AbortSignal, FormData, Blob */
// The smoke test of a release: /health answers 200 (hard), a model is loaded (soft), /predict answers 200 (hard; 503 only
// warns, as long as no model is loaded) with one of the labels of the acceptance images (hard).
import { readdirSync, readFileSync } from 'node:fs';

const { SERVICE_URL, IMAGES } = process.env;
const warn = (message) => console.log(`warning: ${message}`);
const fail = (message) => {
  console.log(`FAILED: ${message}`);
  process.exit(1);
};
const ask = (path, options) =>
  fetch(SERVICE_URL + path, { ...options, signal: AbortSignal.timeout(10_000) }).catch((error) =>
    fail(`${path} does not answer: ${error.cause?.message ?? error.message}`),
  );

const health = await ask('/health');
if (health.status !== 200) fail(`/health answered ${health.status}; expected 200`);
const { model_loaded } = await health.json();
console.log(`/health answered 200, model_loaded ${model_loaded}`);
if (model_loaded !== true) warn('no model is loaded');

// An image of each label, by the name of its file: <label>.<anything>.<jpg ...>
const images = new Map(
  readdirSync(IMAGES)
    .filter((name) => /\.(jpe?g|png|webp|gif|avif)$/i.test(name))
    .map((name) => [name.slice(0, name.indexOf('.')), name]),
);
const labels = [...images.keys()];
if (labels.length === 0) warn('there are no acceptance images: /predict is not asked');
for (const name of images.values()) {
  const body = new FormData();
  body.append('file', new Blob([readFileSync(`${IMAGES}/${name}`)]), name);
  const answer = await ask('/predict', { method: 'POST', body });
  const text = await answer.text();
  if (answer.status === 503) warn(`/predict answered 503: ${text}`);
  else if (answer.status !== 200) fail(`/predict answered ${answer.status}; expected 200: ${text}`);
  else {
    const { label } = JSON.parse(text);
    if (!labels.includes(label)) fail(`/predict answered the label ${label}; expected one of ${labels.join(', ')}`);
    console.log(`/predict answered 200, ${name}: ${text}`);
  }
}
console.log('passed');
