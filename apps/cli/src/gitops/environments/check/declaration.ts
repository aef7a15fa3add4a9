import { parse } from 'yaml';
import { z } from 'zod';
import { promotionSchema } from '../environment-settings.ts';
import { problem, type Finding } from './findings.ts';

const dnsLabel = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, 'expected lower-case letters, digits and hyphens');

/** `environment.yaml`: where an environment is, and which one proves versions for it. Closed: other keys are errors. */
const declarationSchema = z.strictObject({
  /** API server as Argo CD knows it. */
  cluster: z.url({ protocol: /^https$/, error: 'expected the https:// address of an API server' }),
  namespace: dnsLabel,
  promotion: promotionSchema.extend({ from: dnsLabel }).optional(),
});

export type Declaration = z.infer<typeof declarationSchema>;

/** Pure: the declaration in the text of a file, or what is wrong with it. */
export function parseDeclaration(
  file: string,
  text: string | undefined,
): { readonly declaration?: Declaration; readonly findings: readonly Finding[] } {
  const hint = 'It has cluster, namespace and, where versions come from another environment, promotion; see docs.';
  const refuse = (message: string) => ({ findings: [problem('ENVIRONMENT_INVALID', file, message, hint)] });
  if (text === undefined) return refuse('there is no environment.yaml; expected one a folder.');
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    return refuse(`is not YAML: ${oneLine(error)}.`);
  }
  const parsed = declarationSchema.safeParse(value);
  return parsed.success ? { declaration: parsed.data, findings: [] } : refuse(issuesOf(parsed.error));
}

/** Pure: what zod found, as a sentence. */
export const issuesOf = ({ issues }: z.ZodError): string =>
  `${issues
    .slice(0, 3)
    .map(({ path, message }) => `${path.length === 0 ? '' : `${path.join('.')}: `}${message}`)
    .join('; ')}.`;

/** Pure: the first line of an error. */
export const oneLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';

/** What of an environment decides about the order of environments. */
export interface Declared {
  readonly name: string;
  readonly file: string;
  readonly declaration?: Declaration | undefined;
}

/** Pure: environments that promote from nowhere or in a circle, and those that are in one place. */
export function checkPlaces(environments: readonly Declared[]): readonly Finding[] {
  return environments.flatMap(({ name, file, declaration }) => {
    if (declaration === undefined) return [];
    const twin = environments.find(
      (other) =>
        other.name < name &&
        other.declaration?.cluster === declaration.cluster &&
        other.declaration.namespace === declaration.namespace,
    );
    return [
      ...(twin === undefined
        ? []
        : [
            problem(
              'ENVIRONMENT_INVALID',
              file,
              `${name} has the cluster and namespace of ${twin.name}; expected a place of its own.`,
              'Give it another namespace or cluster.',
            ),
          ]),
      ...checkFrom(name, file, declaration, environments),
    ];
  });
}

function checkFrom(
  name: string,
  file: string,
  { promotion }: Declaration,
  environments: readonly Declared[],
): readonly Finding[] {
  const refuse = (message: string) => [
    problem('PROMOTION_INVALID', file, message, 'Name the environment that versions prove themselves in first.'),
  ];
  const way = [name];
  for (let from = promotion?.from; from !== undefined;) {
    const next = environments.find((environment) => environment.name === from);
    if (next === undefined)
      return way.length === 1 ? refuse(`promotion.from is ${from}, and there is no such environment.`) : [];
    // A circle further up is told of where it is.
    if (way.includes(from))
      return from === name ? refuse(`promotion goes in a circle: ${[...way, from].join(' <- ')}.`) : [];
    way.push(from);
    from = next.declaration?.promotion?.from;
  }
  return [];
}
