/** The element with this id; the page's ids are fixed in index.html. */
export const byId = (id) => document.getElementById(id);

/** An element with properties and children; text goes in as text, so nothing a server says is read as HTML. */
export function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined) continue;
    if (key in node) node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== undefined));
  return node;
}

/** Whether to avoid motion, asked each time because the setting can change while the page is open. */
export const calm = () => matchMedia('(prefers-reduced-motion: reduce)').matches;
