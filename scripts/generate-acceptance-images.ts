/**
 * Makes `charts/pawl/acceptance`, the labelled images by which a fresh environment judges catdog bundles, from freely
 * licensed photographs. Small, because a ConfigMap and Helm's record of a release have to hold them. By hand, once:
 *
 *   node --conditions=pawl-source scripts/generate-acceptance-images.ts PHOTOS_FOLDER
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format } from 'prettier';
import sharp from 'sharp';

interface Region {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

const [photosFolder] = process.argv.slice(2);
if (photosFolder === undefined) {
  console.error('usage: generate-acceptance-images.ts PHOTOS_FOLDER');
  process.exit(2);
}
const target = 'charts/pawl/acceptance';
/** Longest side, pixels. */
const SIDE = 256;

/** Name in the chart -> photograph, and the part of it, in fractions, where it is cropped. */
const images: Readonly<Record<string, { readonly source: string; readonly part?: Region }>> = {
  'cat.face': { source: 'cat/gnome-taquin-1-Cat_face_day-1024.jpg' },
  'cat.grey': { source: 'cat/gnome-taquin-1-Jasmina-1024.jpg' },
  'cat.maine-coon': { source: 'cat/gnome-taquin-1-maine-1024.jpg' },
  'cat.tabby': { source: 'cat/gnome-taquin-1-march-1024.jpg' },
  'cat.harold': { source: 'cat/python3-elgato-streamdeck-Harold.jpg' },
  'cat.maine-coon-close': {
    source: 'cat/gnome-taquin-1-maine-1024.jpg',
    part: { left: 0.25, top: 0, width: 0.5, height: 1 },
  },
  'cat.black': { source: 'cat/pinpoint-linus.jpg' },
  'cat.rolling': { source: 'cat/plasma-workspace-data-Cat.png' },
  'dog.samoyeds-roots': { source: 'dog/forensics-samples-files-IMG-20191006-WA0002.jpg' },
  'dog.samoyeds-meadow': { source: 'dog/forensics-samples-files-IMG_20200608_111614-1024.jpg' },
  'dog.spaniels': {
    source: 'dog/lomiri-wallpapers-16.04-friends_by_Aitzol_Berasategi.jpg',
    part: { left: 0, top: 0.3, width: 1, height: 0.55 },
  },
  'dog.mystrale': { source: 'dog/libelementary-data-mystrale_2.jpg' },
  'dog.chicky': { source: 'dog/opencv-doc-chicky_512.png' },
  'dog.shepherd': {
    source: 'dog/opencv-doc-Remap_Tutorial_Original_Image.jpg',
    part: { left: 0, top: 0, width: 1, height: 0.9 },
  },
  'dog.shaggy': { source: 'dog/libdlib19.1-dogs.jpg', part: { left: 0, top: 0, width: 0.5, height: 0.5 } },
  'dog.ginger': { source: 'dog/libdlib19.1-dogs.jpg', part: { left: 0.5, top: 0.5, width: 0.5, height: 0.5 } },
};

/** Fields of SOURCES.tsv by file. */
const [head = '', ...lines] = readFileSync(join(photosFolder, 'SOURCES.tsv'), 'utf8').trim().split('\n');
const columns = head.split('\t');
const sources = new Map(
  lines.map((line) => {
    const fields = Object.fromEntries(line.split('\t').map((field, index) => [columns[index] ?? '', field]));
    return [fields['file'], fields] as const;
  }),
);

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
const rows: string[] = [];
for (const [name, { source, part }] of Object.entries(images)) {
  const upright = await sharp(join(photosFolder, source)).rotate().removeAlpha().toBuffer({ resolveWithObject: true });
  const { width, height } = upright.info;
  const region = part && {
    left: Math.round(part.left * width),
    top: Math.round(part.top * height),
    width: Math.floor(part.width * width),
    height: Math.floor(part.height * height),
  };
  const cropped = region === undefined ? sharp(upright.data) : sharp(upright.data).extract(region);
  const bytes = await cropped
    .resize(SIDE, SIDE, { fit: 'inside', withoutEnlargement: true })
    .toColourspace('srgb')
    .jpeg({ quality: 70, mozjpeg: true })
    .toBuffer();
  writeFileSync(join(target, `${name}.jpg`), bytes);
  const {
    'author as stated': author,
    'licence as stated': licence,
    package: debian,
    version,
  } = sources.get(source) ?? {};
  if (author === undefined || licence === undefined)
    throw new Error(`SOURCES.tsv names no author or licence of ${source}`);
  const changes = part === undefined ? 'scaled, saved as JPEG' : 'cropped, scaled, saved as JPEG';
  rows.push(`| ${name}.jpg | ${author} | ${licence} | Debian package ${debian} ${version}, ${source} | ${changes} |`);
  console.log(name, bytes.length);
}

const notice = `# Sources of the acceptance images

Freely licensed photographs, made smaller; each keeps its licence, and CC-BY-SA ones keep it for these copies too. They carry
no metadata. The Debian package's \`/usr/share/doc/PACKAGE/copyright\` names author and licence. Thirteen of the
sixteen are in no form among the golden images of \`models/catdog\`: an environment does not judge weights by what they bring
themselves.

| file | author as stated | licence as stated | source | changes |
| --- | --- | --- | --- | --- |
${rows.join('\n')}

CC-BY-SA-3.0: <https://creativecommons.org/licenses/by-sa/3.0/>. CC-BY-SA-4.0:
<https://creativecommons.org/licenses/by-sa/4.0/>. CC-BY-4.0: <https://creativecommons.org/licenses/by/4.0/>.
`;
writeFileSync(join(target, 'NOTICE.md'), await format(notice, { parser: 'markdown', printWidth: 120 }));
