/** Pure wording and numbers of the page: nothing here touches the document, so that Node can test it. */

/** Below this the headline stops claiming and says how likely instead. */
const SURE = 0.9;
const LIKELY = 0.7;

/** `tabby_cat` as a reader would write it. */
export function words(label) {
  return String(label).replaceAll('_', ' ');
}

/** The label with the article that English wants before it. */
export function withArticle(label) {
  const name = words(label);
  return `${/^[aeiou]/i.test(name) ? 'an' : 'a'} ${name}`;
}

/** The answered label as people know it: its name, where the model has one. */
export function nameOf(body) {
  return body.label_name ?? body.label;
}

/** The answer as one sentence, no stronger than the model's confidence. */
export function headline(label, confidence) {
  if (confidence >= SURE) return `It's ${withArticle(label)}.`;
  if (confidence >= LIKELY) return `Probably ${withArticle(label)}.`;
  return `Maybe ${withArticle(label)}.`;
}

/** What an answer says that the model abstained from: none of its labels. */
export function none(body) {
  return probabilities(body).length === 2 ? 'neither' : 'none of them';
}

/** The answer in two parts, what to read first and what beside it. */
export function verdict(body, confidence) {
  if (body.abstained !== true)
    return { title: headline(nameOf(body), confidence), summary: `${percent(confidence)} sure` };
  const labels = probabilities(body).map(({ label }) => withArticle(label));
  const choice = labels.length <= 3 ? `${labels.sort().join(' or ')}` : 'anything it knows';
  return {
    title: `Probably ${none(body)}.`,
    summary: `Too unlike ${choice} to say which. ${capital(withArticle(nameOf(body)))} is nearest, at ${percent(confidence)}`,
  };
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** A probability with one decimal; one that is not certain never reads as 100 % or 0 %. */
export function percent(probability) {
  const text = (probability * 100).toFixed(1);
  if (text === '100.0') return probability < 1 ? 'over 99.9%' : '100%';
  if (text === '0.0') return probability > 0 ? 'under 0.1%' : '0%';
  return `${text}%`;
}

/** Milliseconds up to a second, then seconds. */
export function duration(milliseconds) {
  if (milliseconds < 1000) return `${Math.max(1, Math.round(milliseconds))} ms`;
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

/** Bytes in the decimal units that file managers show. */
export function size(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  if (bytes < 1_000_000) return `${Math.round(bytes / 1000)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** Every `<label>_probability` of an answer, most likely first: the page knows no label by name. */
export function probabilities(body) {
  return Object.entries(body)
    .filter(([key, value]) => key.endsWith('_probability') && typeof value === 'number')
    .map(([key, value]) => ({ label: key.slice(0, -'_probability'.length), probability: value }))
    .sort((a, b) => b.probability - a.probability);
}

/** A name as one shell word, inside the quotes that curl's `-F` needs around `,` and `;`. */
function formFile(name) {
  const plain = /^[\w.@%+-]+$/.test(name);
  return plain ? name : `"${name.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

const shell = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

/**
 * The same question asked from a terminal. An example is fetched from the service itself, so that the line runs as it
 * stands; for a picture of the reader's own it names the file.
 */
export function curl(endpoint, name, source) {
  if (source)
    return `curl -s ${shell(source)} | curl -F ${shell(`file=@-;filename=${formFile(name)}`)} ${shell(endpoint)}`;
  return `curl -F ${shell(`file=@${formFile(name)}`)} ${shell(endpoint)}`;
}

/**
 * What to say when an example's known answer and the model's differ in kind: a model can only choose among its own
 * labels. Undefined when there is nothing to say, also when the model's labels are other ones than the example's.
 */
export function remark(example, body) {
  if (!example) return undefined;
  const labels = probabilities(body).map(({ label }) => label);
  if (example.expected === null) {
    if (body.abstained === true) return 'That is right: the picture shows neither.';
    if (labels.length > 3) return undefined;
    const choice = labels.map(withArticle).sort().join(' or ');
    return `The picture shows neither: this model can only say ${choice}, so it names the nearer one.`;
  }
  if (!labels.includes(example.expected)) return undefined;
  if (body.abstained !== true && example.expected === body.label) return undefined;
  return `It is wrong this time: the picture shows ${withArticle(example.expected)}.`;
}

/** Seconds from a `Retry-After` header, which is a number or a date; undefined when there is none to trust. */
export function retryAfter(header, now) {
  if (!header) return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - now) / 1000));
}
