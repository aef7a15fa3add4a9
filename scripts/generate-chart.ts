/**
 * Writes what the charts have from other sources (`npm run generate`): the CRD from the types of ModelVersion,
 * `values.schema.json` from the schema of the rollout policy and of the other values, the table of values in a chart's
 * README from the comments in `values.yaml`, and the dashboards. test/chart fails while one of them is stale.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { modelVersionCrd } from '@pawl/shared/modelversion/crd';
import { format } from 'prettier';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { dashboardFiles } from '../monitoring/src/dashboards/dashboards.ts';
import { chartValuesSchema, crdChartValuesSchema } from './generate-chart-schema.ts';

type Json = { [key: string]: unknown };

/** A value of values.yaml: its dotted name, the comment above it, and whether it has values below it. */
export interface ValueDoc {
  readonly name: string;
  readonly comment: string;
  readonly isGroup: boolean;
}

/** The documented keys of a values file; keys inside lists are left out. */
export function readValueDocs(yaml: string): ValueDoc[] {
  const docs: ValueDoc[] = [];
  const path: { readonly indent: number; readonly key: string }[] = [];
  let comment: string[] = [];
  let listIndent = Infinity;
  for (const line of yaml.split('\n')) {
    const [, indent = '', rest = ''] = /^( *)(.*)$/.exec(line) ?? [];
    if (rest.startsWith('- ')) listIndent = indent.length;
    else if (rest !== '' && indent.length <= listIndent) listIndent = Infinity;
    if (listIndent < Infinity) continue;
    const key = /^(?:# )?([A-Za-z][A-Za-z0-9]*):(?: (.*))?$/.exec(rest);
    // A key that is commented out stands under its comment, and has no words after its value.
    const isExample = rest.startsWith('# ') && key !== null && comment.length > 0 && !/\s/.test(key[2] ?? '');
    if (key?.[1] !== undefined && (!rest.startsWith('#') || isExample)) {
      while ((path.at(-1)?.indent ?? -1) >= indent.length) path.pop();
      path.push({ indent: indent.length, key: key[1] });
      docs.push({
        name: path.map((part) => part.key).join('.'),
        comment: comment.join(' '),
        isGroup: key[2] === undefined,
      });
      comment = [];
    } else if (rest.startsWith('#')) comment.push(rest.slice(2));
    else comment = [];
  }
  return docs;
}

/** The generated files of both charts and the dashboards, by path. */
export async function generateChart(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    [
      'charts/pawl/templates/customresourcedefinition.yaml',
      crdTemplate({ keep: '.Values.crds.keep', labels: 'pawl.labels', when: 'include "pawl.bringsCrd" .' }),
    ],
    [
      'charts/pawl-crds/templates/customresourcedefinition.yaml',
      crdTemplate({ keep: '.Values.keep', labels: 'pawl-crds.labels' }),
    ],
    ...(await generatedDocs('pawl', chartValuesSchema)),
    ...(await generatedDocs('pawl-crds', crdChartValuesSchema)),
    ...dashboardFiles(),
  ]);
}

/** What a chart has from its values.yaml: the schema, and the table of its README. */
async function generatedDocs(chart: string, schema: z.ZodType): Promise<readonly (readonly [string, string])[]> {
  const folder = `charts/${chart}`;
  const values = readFileSync(`${folder}/values.yaml`, 'utf8');
  const readme = readFileSync(`${folder}/README.md`, 'utf8');
  const docs = readValueDocs(values);
  return [
    [
      `${folder}/values.schema.json`,
      await format(JSON.stringify(valuesSchema(chart, schema, docs)), { parser: 'json', printWidth: 120 }),
    ],
    [
      `${folder}/README.md`,
      await format(readmeWith(readme, docs, parse(values) as Json), { parser: 'markdown', printWidth: 120 }),
    ],
  ];
}

/** How a chart brings the CRD, in the language of its templates. */
interface CrdChart {
  /** Whether the CRD outlives its release. */
  readonly keep: string;
  /** Name of the template with its labels. */
  readonly labels: string;
  /** Whether the release brings it; always when absent. */
  readonly when?: string;
}

function crdTemplate({ keep, labels, when }: CrdChart): string {
  const { metadata, ...crd } = modelVersionCrd() as { metadata: Json } & Json;
  const { apiVersion, kind, ...rest } = crd;
  const wave = { 'argocd.argoproj.io/sync-wave': '-1' };
  // Deleting the CRD would delete every ModelVersion of the cluster, with its verdict.
  const kept = { 'helm.sh/resource-policy': 'keep', 'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false' };
  const body = stringify(rest, { lineWidth: 0 });
  if (body.includes('{{')) throw new Error('the CRD has text that Helm would take for a template');
  return [
    '{{- /* Written by `npm run generate` from apps/shared/src/modelversion; do not edit. */ -}}',
    ...(when === undefined ? [] : [`{{- if ${when} }}`]),
    `apiVersion: ${String(apiVersion)}`,
    `kind: ${String(kind)}`,
    stringify({ metadata: { ...metadata, annotations: wave } }).trimEnd(),
    `    {{- if ${keep} }}`,
    stringify(kept).trimEnd().replace(/^/gm, '    '),
    '    {{- end }}',
    '  labels:',
    `    {{- include "${labels}" . | nindent 4 }}`,
    body.trimEnd(),
    ...(when === undefined ? [] : ['{{- end }}']),
    '',
  ].join('\n');
}

function valuesSchema(chart: string, values: z.ZodType, docs: readonly ValueDoc[]): Json {
  const schema = z.toJSONSchema(values, { target: 'draft-7', io: 'input' }) as Json;
  for (const { name, comment } of docs) {
    const node = name
      .split('.')
      .reduce<Json | undefined>(
        (at, key) => (at?.['properties'] as Json | undefined)?.[key] as Json | undefined,
        schema,
      );
    if (node !== undefined) node['description'] = comment;
  }
  return { ...schema, title: `Values of the chart ${chart}`, $comment: 'Written by `npm run generate`; do not edit.' };
}

function readmeWith(readme: string, docs: readonly ValueDoc[], values: Json): string {
  const marker = '<!-- values: written by `npm run generate` -->';
  const [before] = readme.split(marker);
  const rows = docs.map(({ name, comment, isGroup }) => {
    const value = name.split('.').reduce<unknown>((at, key) => (at as Json | undefined)?.[key], values);
    const isSection = isGroup && docs.some((other) => other.name.startsWith(`${name}.`) && other.comment !== '');
    const shown = isSection || value === undefined ? '' : `\`${JSON.stringify(value).replaceAll('|', '\\|')}\``;
    return comment === '' ? '' : `| \`${name}\` | ${shown} | ${comment.replaceAll('|', '\\|')} |\n`;
  });
  return `${before}${marker}\n\n| value | default | is |\n| --- | --- | --- |\n${rows.join('')}`;
}

if (import.meta.main)
  for (const [path, text] of await generateChart()) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
