import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A package of npm of which something is in an image. */
export interface Component {
  readonly name: string;
  readonly version: string;
  /** SPDX expression, as the package says it. */
  readonly licence: string;
  /** Who made it and where it is from, where the package says so; else ''. */
  readonly origin: string;
  /** Texts of licences and notices, as the package brings them, or the standard text of its licence where it brings none. */
  readonly texts: readonly string[];
}

interface PackageJson {
  readonly name?: string;
  readonly version?: string;
  readonly license?: string | { readonly type?: string };
  /** As packages of before 2014 say it. */
  readonly licenses?: readonly { readonly type?: string }[];
  readonly author?: string | { readonly name?: string };
  readonly repository?: string | { readonly url?: string };
}

const LICENCE_FILE = /^(licen[cs]e|copying|copyright|notice|third-?party)/i;

/**
 * Reads one package.
 *
 * @param folder with its package.json. @param standard folder with `<SPDX id>.txt`, for packages that bring no text.
 * @throws Error when it says no name, version or licence, or brings no text and there is none for its licence.
 */
export function readComponent(folder: string, standard: string): Component {
  const { name, version, license, licenses, author, repository } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  ) as PackageJson;
  const licence = typeof license === 'string' ? license : (license ?? licenses?.[0])?.type;
  if (name === undefined || version === undefined || licence === undefined)
    throw new Error(
      `${folder}/package.json: expected a name, a version and a licence. Leave the package out or pick another.`,
    );
  const origin = [
    typeof author === 'string' ? author : author?.name,
    typeof repository === 'string' ? repository : repository?.url,
  ];
  const read = (file: string) => readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n').trim();
  const own = readdirSync(folder)
    .filter((file) => LICENCE_FILE.test(file))
    .sort()
    .map(read);
  // The libraries that are inside the one of libvips stand, with their licences, in a table of its README.
  if (name.includes('libvips')) own.push(read('README.md'));
  return {
    name,
    version,
    licence,
    origin: origin.filter(Boolean).join(', '),
    texts: own.length > 0 ? own : standardTexts(name, licence, standard),
  };
}

function standardTexts(name: string, licence: string, standard: string): string[] {
  return [...licence.matchAll(/[A-Za-z0-9][\w.+-]*/g)]
    .map(([id]) => id)
    .filter((id) => id !== 'AND' && id !== 'OR')
    .map((id) => {
      const path = join(standard, `${id}.txt`);
      if (!existsSync(path))
        throw new Error(
          `${name} brings no text of its licence ${id}, and ${path} is not there: expected one of the two.`,
        );
      return readFileSync(path, 'utf8').trim();
    });
}

/** The folders of packages below a `node_modules` folder, scoped ones too, in order. */
export function packagesIn(folder: string): string[] {
  return readdirSync(folder)
    .sort()
    .flatMap((name) =>
      name.startsWith('@')
        ? readdirSync(join(folder, name))
            .sort()
            .map((inner) => join(name, inner))
        : [name],
    )
    .map((name) => join(folder, name))
    .filter((path) => existsSync(join(path, 'package.json')));
}

/** Each component once, in order of name and version. */
export function unique(components: readonly Component[]): Component[] {
  const byName = new Map(components.map((each) => [`${each.name}@${each.version}`, each]));
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, component]) => component);
}

/** The notices as one text: what is there, then every text once with the packages that it is of. */
export function renderNotices(title: string, components: readonly Component[], node: string): string {
  const byText = new Map<string, string[]>();
  for (const { name, version, texts } of components)
    for (const text of texts) byText.set(text, [...(byText.get(text) ?? []), `${name} ${version}`]);
  const rule = '='.repeat(80);
  return [
    `${title} contains software of others. Packages of npm:`,
    '',
    ...components.map(({ name, version, licence, origin }) =>
      [`${name} ${version}`, licence, origin].filter(Boolean).join(' | '),
    ),
    '',
    'Packages of Debian are listed in /var/lib/dpkg, their licences in /usr/share/doc/*/copyright and',
    '/usr/share/common-licenses.',
    ...[...byText].flatMap(([text, names]) => ['', rule, names.join(', '), rule, '', text]),
    '',
    rule,
    'Node.js and what is joined into it',
    rule,
    '',
    node.trim(),
    '',
  ].join('\n');
}

/** The same as a CycloneDX 1.6 document, for scanners, which cannot see packages inside joined files. */
export function renderComponents(components: readonly Component[], node: string): string {
  const npm = components.map(({ name, version, licence }) => ({
    type: 'library',
    'bom-ref': purl(name, version),
    name,
    version,
    licenses: [{ expression: licence.replace(/^\((.*)\)$/, '$1') }],
    purl: purl(name, version),
  }));
  const runtime = {
    type: 'application',
    'bom-ref': `pkg:generic/node@${node}`,
    name: 'node',
    version: node,
    purl: `pkg:generic/node@${node}`,
  };
  return `${JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, components: [...npm, runtime] }, null, 1)}\n`;
}

const purl = (name: string, version: string): string => `pkg:npm/${name.replace('@', '%40')}@${version}`;
