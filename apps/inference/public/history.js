import { byId, element } from './dom.js';
import { nameOf, none, percent, words } from './format.js';

/** Pictures that stay on the page; older ones give their memory back. */
export const KEEP = 12;

const nodes = new Map();

function caption(item) {
  if (item.state === 'busy') return 'Looking…';
  if (item.state === 'problem') return item.problem.retry || item.problem.tooLarge ? 'Not sent yet' : 'No answer';
  return item.body.abstained === true ? `Probably ${none(item.body)}` : words(nameOf(item.body));
}

function create(item, onPick) {
  const picture = element('img', { src: item.url, alt: '', draggable: false });
  // A file that no browser can show keeps its tile, without a broken-picture mark.
  picture.addEventListener('error', () => picture.remove());
  const label = element('span', { className: 'tile-label' });
  const number = element('span', { className: 'tile-number' });
  const button = element('button', { type: 'button', className: 'tile' }, picture, label, number);
  button.addEventListener('click', () => onPick(item));
  const node = { item: element('li', {}, button), button, label, number };
  nodes.set(item.id, node);
  return node;
}

/**
 * Draws the strip, newest first. Tiles are updated in place rather than rebuilt, so that one that has the focus keeps
 * it while the queue moves on.
 */
export function drawHistory({ seen, shown, waiting, onPick }) {
  const list = byId('history-list');
  for (const [id, node] of nodes) {
    if (seen.some((item) => item.id === id)) continue;
    node.item.remove();
    nodes.delete(id);
  }
  for (const item of seen) {
    const fresh = !nodes.has(item.id);
    const node = nodes.get(item.id) ?? create(item, onPick);
    if (fresh) list.prepend(node.item);
    node.button.dataset.state = item.state;
    node.label.textContent = caption(item);
    node.number.textContent =
      item.state === 'done' && item.body.abstained !== true ? percent(item.body.confidence) : '';
    node.button.title = item.name;
    node.button.ariaLabel = `${item.name}: ${caption(item)} ${node.number.textContent}`.trim();
    node.button.ariaCurrent = String(item === shown);
  }
  byId('history').hidden = seen.length === 0;
  byId('waiting').textContent = waiting > 0 ? `${waiting} more waiting` : '';
  byId('skip').hidden = waiting === 0;
}
