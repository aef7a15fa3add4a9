import { byId, calm, element } from './dom.js';
import { curl, duration, nameOf, percent, probabilities, remark, size, verdict, words } from './format.js';

/** Rows of the chart; a model with a thousand classes still answers in a glance. */
const TOP = 5;

/** A busy notice read out for an answer that takes 40 ms would only get in the way of the answer. */
const SAY_BUSY_AFTER_MS = 400;

let timer;

/** Empties the panel for its next content; a focus that stood inside moves to the panel instead of being lost. */
function begin(state) {
  clearTimeout(timer);
  const panel = byId('answer');
  const hadFocus = byId('body').contains(document.activeElement);
  byId('body').replaceChildren();
  panel.dataset.state = state;
  delete panel.dataset.abstained;
  panel.ariaBusy = String(state === 'busy');
  if (hadFocus) panel.focus({ preventScroll: true });
}

function say(title, summary, hint) {
  byId('headline').textContent = title;
  byId('summary').textContent = summary;
  byId('hint').textContent = hint ?? '';
  byId('hint').hidden = !hint;
}

/** The picture itself, its blurred double behind it, and whose it is. */
export function showPicture(item) {
  byId('look').dataset.state = 'filled';
  byId('no-preview').hidden = true;
  const picture = byId('picture');
  picture.onerror = () => {
    picture.hidden = true;
    byId('backdrop').hidden = true;
    byId('no-preview').hidden = false;
  };
  for (const image of [picture, byId('backdrop')]) {
    if (image.src !== item.url) image.src = item.url;
    image.hidden = false;
  }
  if (picture.complete && picture.naturalWidth === 0) picture.onerror();
  picture.alt = item.example?.alt ?? item.name;
  const credit = item.example?.credit;
  byId('credit').hidden = credit === undefined;
  if (credit) byId('credit').textContent = `Photo: ${credit.author} (${credit.licence})`;
}

/** Waiting, calmly: the ratchet turns at once, the words come only when there is something to wait for. */
export function showBusy(item) {
  begin('busy');
  say('', '');
  timer = setTimeout(() => say('Looking…', `at ${item.name}`), SAY_BUSY_AFTER_MS);
}

/** @param all every label with its probability, the most likely first. */
function bars(all, body) {
  const rows = all.slice(0, TOP).map(({ label, probability }, rank) => {
    const fill = element('span', { className: 'fill' });
    fill.style.width = `${probability * 100}%`;
    return element(
      'li',
      { className: rank === 0 ? 'bar first' : 'bar' },
      element('span', { className: 'name' }, words(label === body.label ? nameOf(body) : label)),
      element('span', { className: 'number' }, percent(probability)),
      element('span', { className: 'track', ariaHidden: 'true' }, fill),
    );
  });
  const rest = all.length - TOP;
  const more = rest > 0 ? element('p', { className: 'small' }, `and ${rest} more, each less likely`) : undefined;
  return [element('ol', { className: 'bars', ariaLabel: 'Probabilities' }, ...rows), more];
}

function facts(rows) {
  const list = element('dl', { className: 'facts' });
  for (const [term, value] of rows) {
    if (value === undefined || value === '') continue;
    list.append(element('dt', {}, term), element('dd', {}, value));
  }
  return list;
}

/** Copies also where the clipboard API is missing, which is everywhere but on https and localhost. */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = element('textarea', { value: text, className: 'visually-hidden' });
    document.body.append(area);
    area.select();
    const copied = document.execCommand('copy');
    area.remove();
    return copied;
  }
}

function curlLine(item) {
  const line = curl(new URL('predict', document.baseURI).href, item.name, item.source);
  const button = element('button', { type: 'button', className: 'quiet', ariaLabel: 'Copy as curl' }, 'Copy as curl');
  const told = element('span', { className: 'visually-hidden', role: 'status' });
  button.addEventListener('click', async () => {
    const copied = await copy(line);
    button.focus();
    button.textContent = copied ? 'Copied' : 'Select and copy it by hand';
    told.textContent = button.textContent;
    setTimeout(() => {
      button.textContent = 'Copy as curl';
      told.textContent = '';
    }, 2000);
  });
  return element('div', { className: 'curl' }, element('code', { tabIndex: 0 }, line), button, told);
}

/** The ratchet moves on by one tooth: an answer is a step that is not taken back. */
function click() {
  if (calm()) return;
  const wheel = byId('mark').querySelector('.wheel');
  wheel.getAnimations().forEach((animation) => animation.cancel());
  wheel.animate([{ transform: 'rotate(0)' }, { transform: 'rotate(36deg)' }], { duration: 450, easing: 'ease-in-out' });
}

/** The answer, from the one sentence that matters down to the identifiers that only a bug report needs. */
export function showAnswer(item) {
  begin('done');
  const { body, milliseconds } = item;
  const all = probabilities(body);
  const confidence = body.confidence ?? all[0]?.probability ?? 0;
  const { title, summary } = verdict(body, confidence);
  say(title, `${summary}, answered in ${duration(milliseconds)}.`);
  byId('answer').dataset.label = body.label;
  if (body.abstained === true) byId('answer').dataset.abstained = '';
  const notes = [
    remark(item.example, body),
    item.scaled && 'Scaled down before it was sent.',
    ...(body.warnings ?? []),
  ];
  const version = [item.model, body.model_version].filter(Boolean).join(' ');
  byId('body').append(
    ...bars(all, body).filter(Boolean),
    ...notes.filter(Boolean).map((note) => element('p', { className: 'note' }, note)),
    curlLine(item),
    element(
      'details',
      {},
      element('summary', {}, 'Details'),
      facts([
        ['Model', version],
        ['Model digest', body.model_digest],
        ['Prediction id', body.prediction_id],
        ['File', `${item.name}, ${size(item.blob.size)}`],
        ['Round trip', duration(milliseconds)],
      ]),
    ),
  );
  click();
}

function retryButton(problem, onRetry) {
  const button = element('button', { type: 'button', className: 'primary' }, 'Try again');
  button.addEventListener('click', onRetry);
  const until = Date.now() + (problem.wait ?? 0) * 1000 - (Date.now() - problem.at);
  const tick = () => {
    const left = Math.ceil((until - Date.now()) / 1000);
    button.disabled = left > 0;
    button.textContent = left > 0 ? `Try again in ${left} s` : 'Try again';
    if (left > 0) timer = setTimeout(tick, 250);
  };
  tick();
  return button;
}

/** What went wrong, in the service's own words, and the one thing to do about it. */
export function showProblem(problem, { onRetry, onScale, onSkip } = {}) {
  begin('problem');
  delete byId('answer').dataset.label;
  say(problem.title, problem.message, problem.hint);
  const actions = element('div', { className: 'actions' });
  if (problem.loading) {
    actions.append(
      element('p', { className: 'small' }, 'The picture is sent by itself as soon as the model is ready.'),
    );
  } else if (problem.retry && onRetry) actions.append(retryButton(problem, onRetry));
  if (problem.tooLarge && onScale) {
    const button = element('button', { type: 'button', className: 'primary' }, 'Scale it down and send');
    button.addEventListener('click', onScale);
    actions.append(button);
  }
  if (onSkip) {
    const button = element('button', { type: 'button' }, 'Go on with the next');
    button.addEventListener('click', onSkip);
    actions.append(button);
  }
  const details = facts([
    ['Code', problem.code],
    ['Request id', problem.requestId],
  ]);
  byId('body').append(...[actions, details].filter((part) => part.childElementCount > 0));
}
