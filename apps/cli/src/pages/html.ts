/** A piece of HTML, as opposed to text, which is escaped where it goes into one. */
export interface Html {
  readonly html: string;
}

export type Content = Html | string | number | readonly Content[];

/** Text as HTML. */
export function escapeHtml(text: string): Html {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return { html: text.replace(/[&<>"']/g, (character) => entities[character] ?? '') };
}

/** A template whose values are escaped unless they are {@link Html}; lists are joined. */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Html {
  const render = (value: Content): string => {
    if (typeof value === 'string' || typeof value === 'number') return escapeHtml(String(value)).html;
    return 'html' in value ? value.html : value.map(render).join('');
  };
  return {
    html: parts.map((part, index) => part + (index < values.length ? render(values[index] ?? '') : '')).join(''),
  };
}

/** A whole page: nothing in it refers to anything outside, and nothing in it runs. @param style rules beside the common ones. */
export function page(title: string, content: readonly Html[], style = ''): string {
  return html`<!doctype html>
    <html lang="en">
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <meta
        http-equiv="Content-Security-Policy"
        content="default-src 'none'; img-src data:; style-src 'unsafe-inline'"
      />
      <title>${title}</title>
      <style>
        ${{ html: STYLE + style }}
      </style>
      <main>${content}</main>
    </html> `.html;
}

/** A part of the page; one that has nothing to show is folded, so that what needs a look stands out. */
export function section(title: string, entries: number | undefined, explanation: string, content: Html): Html {
  const number = entries === undefined ? html`` : html`<span class="number">${entries}</span>`;
  if (entries === undefined || entries === 0)
    return html`<section class="card quiet">
      <h2>${title} ${number}</h2>
      <p class="dim">${entries === 0 ? 'None.' : explanation}</p>
    </section>`;
  return html`<section class="card">
    <h2>${title} ${number}</h2>
    <p class="dim">${explanation}</p>
    ${content}
  </section>`;
}

/** A large figure with a name; a 0 is always quiet. */
export function figure(name: string, value: Html | number | string, tone: '' | 'good' | 'bad' = ''): Html {
  return html`<div class="${value === 0 ? 'quiet' : tone}">
    <dd>${value}</dd>
    <dt>${name}</dt>
  </div>`;
}

/** A table; numbers stand right. */
export function table(header: readonly string[], rows: readonly (readonly (Html | string | number)[])[]): Html {
  const classOf = (column: number) => (typeof rows[0]?.[column] === 'number' ? 'right' : '');
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          ${header.map((text, column) => html`<th class="${classOf(column)}">${text}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map((cell, column) => html`<td class="${classOf(column)}">${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** A horizontal bar for each name, the longest one full. */
export function bars(values: readonly (readonly [name: string, value: number])[]): Html {
  const most = Math.max(1, ...values.map(([, value]) => value));
  return html`<table class="bars">
    ${values.map(
      ([name, value]) =>
        html`<tr>
          <th>${name}</th>
          <td><div class="bar" style="width:${((value / most) * 100).toFixed(1)}%"></div></td>
          <td class="right">${value}</td>
        </tr>`,
    )}
  </table>`;
}

const STYLE = `
:root { color-scheme: light dark; --back: light-dark(#f5f6f8, #14161a); --card: light-dark(#fff, #1d2026);
  --text: light-dark(#1a1d23, #e6e8ec); --dim: light-dark(#626a76, #9aa3b0); --line: light-dark(#e2e5ea, #31363f);
  --accent: light-dark(#2f6fde, #6ea0ff); --good: light-dark(#1a7f4b, #58c98c); --bad: light-dark(#b93a32, #ff8a80); }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1200px; margin: 0 auto; padding: 32px 20px 64px; display: grid; gap: 16px; overflow-wrap: anywhere; } main > * { min-width: 0; }
h1 { font-size: 28px; margin: 0 0 4px; } h2 { font-size: 17px; margin: 0 0 8px; }
p { margin: 0 0 12px; max-width: 90ch; } .dim { color: var(--dim); } p code { overflow-wrap: anywhere; }
code { font: 13px/1.4 ui-monospace, monospace; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 18px 20px; min-width: 0; }
.card.quiet { padding: 12px 20px; } .card.quiet h2 { display: inline; margin-right: 12px; } .card.quiet p { display: inline; }
.number { color: var(--dim); font-weight: 400; }
.overview { display: grid; grid-template-columns: 1fr 2fr; gap: 16px; }
.overview .wide { grid-column: 1 / -1; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(120px, 1fr)); gap: 12px; margin: 20px 0 0; }
.figures div { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 12px 16px; }
.figures dd { margin: 0; font-size: 26px; font-weight: 600; font-variant-numeric: tabular-nums; }
.figures dt { color: var(--dim); } .figures .good dd { color: var(--good); } .figures .bad dd { color: var(--bad); }
.figures .quiet dd { color: var(--dim); font-weight: 400; }
.problem { border-left: 4px solid var(--bad); padding: 8px 14px; background: var(--card); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; overflow-wrap: normal; }
th { text-align: left; color: var(--dim); font-weight: 500; }
th, td { padding: 5px 16px 5px 0; vertical-align: top; }
tbody tr, thead tr { border-bottom: 1px solid var(--line); } tbody tr:last-child { border-bottom: 0; }
.right { text-align: right; font-variant-numeric: tabular-nums; } td code { overflow-wrap: anywhere; }
.bars th { white-space: nowrap; width: 1%; } .bars tr { border: 0; } .bars td.right { width: 1%; padding-right: 0; }
.bar { background: var(--accent); height: 12px; border-radius: 3px; margin-top: 6px; }
.wall { display: grid; grid-template-columns: repeat(auto-fill, minmax(160px, 1fr)); gap: 14px; }
figure { margin: 0; min-width: 0; }
.frame { height: 160px; display: grid; place-items: center; background: var(--back); border-radius: 8px; overflow: hidden; }
.frame img { max-width: 100%; max-height: 160px; display: block; }
figcaption { font-size: 13px; line-height: 1.4; padding-top: 6px; }
figcaption .path, figcaption .dim { display: block; overflow-wrap: anywhere; }
.pill { display: inline-block; border: 1px solid var(--line); border-radius: 99px; padding: 0 8px; margin-right: 4px; }
.pill.label { background: var(--back); } .pill.bad { color: var(--bad); border-color: currentColor; }
.groups { display: grid; grid-template-columns: repeat(auto-fill, minmax(360px, 1fr)); gap: 14px; }
.group { border: 1px solid var(--line); border-radius: 8px; padding: 12px; }
.notes { font-size: 13px; margin-bottom: 8px; min-height: 1px; }
@media (max-width: 700px) { .overview { grid-template-columns: 1fr; } .groups { grid-template-columns: 1fr; } .wall { grid-template-columns: 1fr 1fr; } }
`;
