import { checkScope, type Part } from './check-scope.ts';
import type { ParsedObject } from './kube-object.ts';

const object = (apiVersion: string, kind: string, namespace?: string): ParsedObject => ({
  apiVersion,
  kind,
  metadata: { name: 'x', ...(namespace !== undefined && { namespace }) },
});
const CONFIG_MAP = object('v1', 'ConfigMap');
const VERSION = object('pawl.dev/v1alpha1', 'ModelVersion');
const ROLE_BINDING = object('rbac.authorization.k8s.io/v1', 'RoleBinding');
const CHART = new Set(['apps/Deployment', '/ConfigMap']);

const codes = (part: Part, one: ParsedObject, allowed?: ReadonlySet<string>) =>
  checkScope({ part, file: 'f', namespace: 'pawl-staging', allowed, objects: [one] }).map(({ code }) => code);

describe('what an environment may bring', () => {
  it.each<[string, Part, ParsedObject, readonly string[]]>([
    ['a ConfigMap of images', 'images', CONFIG_MAP, []],
    ['one that says its own namespace', 'images', object('v1', 'ConfigMap', 'pawl-staging'), []],
    ['one in another namespace', 'images', object('v1', 'ConfigMap', 'pawl-prod'), ['NAMESPACE_FOREIGN']],
    ['a Pod beside images', 'images', object('v1', 'Pod'), ['KIND_FOREIGN']],
    ['a Pod in prod', 'images', object('v1', 'Pod', 'pawl-prod'), ['KIND_FOREIGN', 'NAMESPACE_FOREIGN']],
    ['a ModelVersion beside images', 'images', VERSION, ['KIND_FOREIGN']],
    ['a kind of the same name of another group', 'images', object('x.dev/v1', 'ConfigMap'), ['KIND_FOREIGN']],
    ['a ClusterRoleBinding', 'images', object('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding'), ['KIND_FOREIGN']],
    ['a ModelVersion', 'versions', VERSION, []],
    ['a ConfigMap among versions', 'versions', CONFIG_MAP, ['KIND_FOREIGN']],
    ['what the project of the chart allows', 'services', object('apps/v1', 'Deployment'), []],
    ['what it does not allow', 'services', ROLE_BINDING, ['KIND_FOREIGN']],
    [
      'a Deployment of the chart elsewhere',
      'services',
      object('apps/v1', 'Deployment', 'pawl-prod'),
      ['NAMESPACE_FOREIGN'],
    ],
  ])('%s', (_, part, one, expected) => {
    expect(codes(part, one, CHART)).toEqual(expected);
  });

  it('leaves the kinds of the chart alone where no project is known', () => {
    expect(codes('services', ROLE_BINDING)).toEqual([]);
    expect(codes('images', ROLE_BINDING)).toEqual(['KIND_FOREIGN']);
  });
});
