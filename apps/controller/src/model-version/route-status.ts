import type { HttpRoute, RouteParentStatus } from '@pawl/shared/kubernetes/objects';
import type { RouteTrouble } from './facts.ts';
import { identityOf } from './http-route.ts';

/** What a gateway says of a route before it sends requests by it. */
const CONDITIONS = ['Accepted', 'ResolvedRefs'] as const;

/**
 * What keeps requests from following a route: the first of its gateways that does not take it, or has not answered to its present
 * generation. Undefined when all of them take it.
 */
export function routeTrouble({ metadata, spec, status }: HttpRoute): RouteTrouble | undefined {
  const troubles = spec.parentRefs.map((ref): RouteTrouble | undefined => {
    const identity = identityOf(ref, metadata.namespace);
    // Several controllers may answer for a gateway; the one that runs it takes the route or says why not.
    const answers = (status?.parents ?? [])
      .filter(({ parentRef }) => identityOf(parentRef, metadata.namespace) === identity)
      .map((answer) => troubleWith(answer, ref.name, metadata.generation ?? 0));
    if (answers.length === 0) return { isRefused: false, message: `No gateway ${ref.name} has answered to it` };
    return answers.includes(undefined) ? undefined : answers[0];
  });
  return troubles.find((trouble) => trouble?.isRefused === true) ?? troubles.find((trouble) => trouble !== undefined);
}

function troubleWith(
  { conditions = [] }: RouteParentStatus,
  gateway: string,
  generation: number,
): RouteTrouble | undefined {
  for (const type of CONDITIONS) {
    const said = conditions.find((condition) => condition.type === type);
    if (said === undefined || (said.observedGeneration ?? generation) < generation)
      return { isRefused: false, message: `The gateway ${gateway} has not answered to its present state` };
    if (said.status === 'False')
      return { isRefused: true, message: `The gateway ${gateway} says ${said.reason ?? type}: ${said.message ?? ''}` };
    if (said.status !== 'True')
      return { isRefused: false, message: `The gateway ${gateway} does not know yet whether it is ${type}` };
  }
  return undefined;
}
