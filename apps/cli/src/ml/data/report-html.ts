import { html, type Html } from '../../pages/html.ts';
import type { ReportedPhotograph } from './report.ts';

/** A photograph with its label, size and place below it. */
export function pictureOf(
  thumbnail: string | undefined,
  { path, label, width, height, split }: ReportedPhotograph,
  notes: readonly Html[],
): Html {
  return html`<figure>
    <div class="frame">${thumbnail === undefined ? '' : html`<img src="${thumbnail}" alt="" loading="lazy" />`}</div>
    <figcaption>
      <span class="pill label">${label}</span>${notes.filter(({ html: text }) => text.includes('pill'))}
      <span class="path">${path}</span>${notes.filter(({ html: text }) => text !== '' && !text.includes('pill'))}
      <span class="dim">${width} × ${height}${split === undefined ? '' : `, ${split}`}</span>
    </figcaption>
  </figure>`;
}
