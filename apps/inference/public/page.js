import { predict, readiness } from './api.js';
import { byId, calm } from './dom.js';
import { offerExamples } from './examples.js';
import { drawHistory, KEEP } from './history.js';
import { listenForPictures } from './intake.js';
import { scaledDown } from './scale.js';
import { showAnswer, showBusy, showPicture, showProblem } from './view.js';

/**
 * The page's state: pictures wait in `queue`, are asked about one after another, and stay in `seen`. One at a time,
 * because many at once would only meet the service's own limit and arrive in no order.
 */
const queue = [];
const seen = [];
let shown;
let asking = false;
/** True while the panel follows the queue; looking back at an earlier picture stops that until the next is added. */
let following = true;
let lastId = 0;
/** The model's name, as the service gives it; an answer says only the version. */
let model;
/** The one watch on `readyz`, while there is something to wait for. */
let polling;

const draw = () => drawHistory({ seen, shown, waiting: queue.length, onPick: lookBack });

function show(item) {
  if (shown !== item && shown && !seen.includes(shown)) URL.revokeObjectURL(shown.url);
  shown = item;
  showPicture(item);
  if (item.state === 'busy') showBusy(item);
  else if (item.state === 'done') showAnswer(item);
  else {
    showProblem(item.problem, {
      onRetry: () => again(item),
      onScale: () => scaleAndSend(item),
      onSkip: queue.length > 0 && !asking ? pump : undefined,
    });
  }
}

function lookBack(item) {
  following = item.state === 'busy';
  show(item);
  draw();
  reveal();
}

function reveal() {
  const { top, bottom } = byId('answer').getBoundingClientRect();
  if (top >= 0 && bottom <= window.innerHeight) return;
  byId('look').scrollIntoView({ block: 'start', behavior: calm() ? 'auto' : 'smooth' });
}

function add(files, example) {
  for (const file of files) {
    lastId += 1;
    const name = file.name || 'picture';
    queue.push({ id: lastId, name, blob: file, url: URL.createObjectURL(file), example, source: example?.source });
  }
  following = true;
  reveal();
  void pump();
}

/** Keeps the newest pictures; the ones that fall off give their memory back. */
function remember(item) {
  if (!seen.includes(item)) seen.push(item);
  while (seen.length > KEEP) {
    const dropped = seen.shift();
    if (dropped !== shown) URL.revokeObjectURL(dropped.url);
  }
}

async function ask(item) {
  item.state = 'busy';
  item.problem = undefined;
  remember(item);
  if (following) show(item);
  draw();
  const { body, milliseconds, problem } = await predict(item.blob, item.name);
  Object.assign(item, { body, milliseconds, state: problem ? 'problem' : 'done' });
  if (problem) item.problem = { ...problem, at: Date.now() };
  item.model = model;
  if (!problem) setService({ state: 'ready', version: body.model_version });
  else if (problem.loading) setService({ state: 'loading' });
  else if (problem.unreachable) void whenReady(() => undefined);
}

/**
 * Works the queue off. A busy or unreachable service holds it: sending the rest at once is what it just asked not to
 * do. "Try again", "Go on with the next" or a new picture starts it again.
 */
async function pump() {
  if (asking) return;
  asking = true;
  let item;
  do {
    item = queue.shift();
    if (item === undefined) break;
    await ask(item);
    asking = !item.problem?.retry;
    if (following || item === shown) show(item);
    draw();
  } while (asking);
  asking = false;
  if (item?.problem?.loading) {
    // Not at once: behind a load balancer the probe may reach another, ready pod than the picture did.
    setTimeout(() => void whenReady(() => again(item)), (item.problem.wait ?? 1) * 1000);
  }
}

function again(item) {
  if (item.state === 'busy' || item.state === 'done' || queue.includes(item) || !seen.includes(item)) return;
  queue.unshift(item);
  following = true;
  void pump();
}

async function scaleAndSend(item) {
  showBusy(item);
  const smaller = await scaledDown(item.blob);
  if (smaller) {
    item.blob = smaller;
    item.scaled = true;
    again(item);
    return;
  }
  item.problem = {
    title: 'Too large to send.',
    message: 'This browser cannot open the picture, so it cannot scale it down.',
    hint: 'Save it smaller with another program, or choose another picture.',
  };
  show(item);
}

const SERVICE = {
  ready: 'Model ready',
  loading: 'Model loading',
  failed: 'Model failed to load',
  unreachable: 'Service not reached',
};
/** The sign in the head of the page; `version` also comes with every answer, which knows it better than a probe. */
function setService({ state, model: name = model, version }) {
  model = name;
  const text = state === 'ready' && version ? [model, version].filter(Boolean).join(' ') : SERVICE[state];
  byId('service').dataset.state = state;
  // Written only on change: this is a live region, and hearing it after every picture would be noise.
  if (byId('service').textContent !== text) byId('service').textContent = text;
}

/** Asks `readyz` until the model is there; slower with time, so that a forgotten tab is no load. */
async function untilReady() {
  for (let pause = 1000; ; pause = Math.min(pause * 1.5, 10_000)) {
    const now = await readiness();
    setService(now);
    if (now.state === 'ready') return;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

async function whenReady(then) {
  polling ??= untilReady().finally(() => (polling = undefined));
  await polling;
  then();
}

listenForPictures({
  onFiles: (files) => add(files),
  onNothing: (problem) => showProblem(problem),
});
byId('skip').addEventListener('click', () => {
  for (const item of queue.splice(0)) URL.revokeObjectURL(item.url);
  draw();
  byId('choose').focus();
});
// The same ratchet turns while the page waits.
byId('busy').append(byId('mark').cloneNode(true));
byId('busy').firstElementChild.removeAttribute('id');
void offerExamples((file, example) => add([file], example));
void whenReady(() => undefined);
