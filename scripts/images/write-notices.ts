/**
 * Writes what an image owes to others: THIRD-PARTY-NOTICES (names, versions, licences and their texts) and packages.cdx.json (the
 * same for scanners). Run where the app was joined; imports nothing that is not Node's, so it needs no flags.
 *
 *   node scripts/images/write-notices.ts APP PACKAGES OUT
 *
 * APP is inference, controller or cli; PACKAGES a folder of native packages that lie beside the joined files, or "-" for none.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packagesIn, readComponent, renderComponents, renderNotices, unique } from './notices.ts';

const [app, packages, out] = process.argv.slice(2);
if (app === undefined || packages === undefined || out === undefined) {
  console.error('usage: write-notices.ts APP PACKAGES OUT');
  process.exit(64);
}
const joined = JSON.parse(readFileSync(`apps/${app}/dist/packages.json`, 'utf8')) as string[];
const folders = [...joined, ...(packages === '-' ? [] : packagesIn(packages))];
const components = unique(folders.map((folder) => readComponent(folder, 'images/licences')));

// The official image has it there; what only stands in for that image may not.
const nodeLicence = '/usr/local/LICENSE';
const node = existsSync(nodeLicence)
  ? readFileSync(nodeLicence, 'utf8')
  : `Its licences: https://github.com/nodejs/node/blob/${process.version}/LICENSE`;

mkdirSync(out, { recursive: true });
writeFileSync(join(out, 'THIRD-PARTY-NOTICES'), renderNotices(`pawl-${app}`, components, node));
writeFileSync(join(out, 'packages.cdx.json'), renderComponents(components, process.versions.node));
console.log(`${components.length} packages in ${out}`);
