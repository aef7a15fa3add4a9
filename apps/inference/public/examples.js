import { byId, element } from './dom.js';

const FOLDER = 'assets/examples/';

function tile(example, onExample) {
  const picture = element('img', { src: FOLDER + example.file, alt: example.alt, draggable: false });
  const label = element('span', { className: 'tile-label' }, example.name);
  const button = element('button', { type: 'button', className: 'tile' }, picture, label);
  button.addEventListener('click', async () => {
    const response = await fetch(FOLDER + example.file);
    const file = new File([await response.blob()], example.file, { type: 'image/jpeg' });
    onExample(file, { ...example, source: new URL(FOLDER + example.file, document.baseURI).href });
  });
  return element('li', {}, button);
}

/** The same photographs once more, as what the empty frame is waiting for. */
const FANNED = [1, 0, 7];

function fanned({ file }) {
  return element('img', { src: FOLDER + file, alt: '', draggable: false });
}

function credit({ name, credit: { author, licence, url } }) {
  const named = url ? element('a', { href: url, rel: 'license noopener' }, licence) : licence;
  return element('li', {}, `${name}: ${author}, `, named);
}

/** Offers the bundled photographs. Without them the page still does its work, so a failure only leaves the strip away. */
export async function offerExamples(onExample) {
  let examples;
  try {
    const response = await fetch(`${FOLDER}examples.json`);
    if (!response.ok) return;
    examples = await response.json();
  } catch {
    return;
  }
  byId('example-list').append(...examples.map((example) => tile(example, onExample)));
  byId('fan').append(
    ...FANNED.map((index) => examples[index])
      .filter(Boolean)
      .map(fanned),
  );
  byId('credit-list').append(...examples.map(credit));
  byId('examples').hidden = false;
}
