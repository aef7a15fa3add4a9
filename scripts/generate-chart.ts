/**
 * Writes what the chart has from other sources (`npm run generate`): the CRD from the types of ModelVersion,
 * `values.schema.json` from the schema of the rollout policy and of the other values, and the table of values in the
 * chart's README from the comments in `values.yaml`. test/chart fails while one of them is stale.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { modelVersionCrd } from '@pawl/shared/modelversion/crd';
import { format } from 'prettier';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { chartValuesSchema } from './generate-chart-schema.ts';

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

/** The generated files of the chart, by path. */
export async function generateChart(): Promise<ReadonlyMap<string, string>> {
  const values = readFileSync('charts/pawl/values.yaml', 'utf8');
  const readme = readFileSync('charts/pawl/README.md', 'utf8');
  const docs = readValueDocs(values);
  return new Map([
    ['charts/pawl/templates/customresourcedefinition.yaml', crdTemplate()],
    [
      'charts/pawl/values.schema.json',
      await format(JSON.stringify(valuesSchema(docs)), { parser: 'json', printWidth: 120 }),
    ],
    [
      'charts/pawl/README.md',
      await format(readmeWith(readme, docs, parse(values) as Json), { parser: 'markdown', printWidth: 120 }),
    ],
  ]);
}

function crdTemplate(): string {
  const { metadata, ...crd } = modelVersionCrd() as { metadata: Json } & Json;
  const { apiVersion, kind, ...rest } = crd;
  // Deleting the CRD would delete every ModelVersion of the cluster, with its verdict.
  const annotations = {
    'helm.sh/resource-policy': 'keep',
    'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false',
    'argocd.argoproj.io/sync-wave': '-1',
  };
  const meta = stringify({ metadata: { ...metadata, annotations } });
  const body = stringify(rest, { lineWidth: 0 });
  if (body.includes('{{')) throw new Error('the CRD has text that Helm would take for a template');
  return [
    '{{- /* Written by `npm run generate` from apps/shared/src/modelversion; do not edit. */ -}}',
    '{{- if .Values.crds.install }}',
    '{{- include "pawl.validateCrd" . }}',
    `apiVersion: ${String(apiVersion)}`,
    `kind: ${String(kind)}`,
    meta.trimEnd(),
    '  labels:',
    '    {{- include "pawl.labels" . | nindent 4 }}',
    body.trimEnd(),
    '{{- end }}',
    '',
  ].join('\n');
}

function valuesSchema(docs: readonly ValueDoc[]): Json {
  const schema = z.toJSONSchema(chartValuesSchema, { target: 'draft-7', io: 'input' }) as Json;
  for (const { name, comment } of docs) {
    const node = name
      .split('.')
      .reduce<Json | undefined>(
        (at, key) => (at?.['properties'] as Json | undefined)?.[key] as Json | undefined,
        schema,
      );
    if (node !== undefined) node['description'] = comment;
  }
  return { ...schema, title: 'Values of the chart pawl', $comment: 'Written by `npm run generate`; do not edit.' };
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

if (import.meta.main) for (const [path, text] of await generateChart()) writeFileSync(path, text);
