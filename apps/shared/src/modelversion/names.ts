/**
 * Every name by which the chart, the controller, the CLI and people find each other in a cluster. The chart's templates
 * write the same words; `test/chart` compares them.
 */

/** API group of {@link MODEL_VERSION}. */
export const GROUP = 'pawl.dev';
/** API version of {@link MODEL_VERSION}. */
export const VERSION = 'v1alpha1';
/** `apiVersion` of a ModelVersion. */
export const API_VERSION = `${GROUP}/${VERSION}`;
/** The resource as the API server names it. */
export const MODEL_VERSION = { group: GROUP, version: VERSION, plural: 'modelversions', kind: 'ModelVersion' } as const;

/** Labels that selectors use. */
export const labels = {
  /** On the Deployments, pods and ConfigMaps of a model: the model's name. */
  model: 'pawl.dev/model',
  /** On Deployments and pods: `stable` or `canary`. */
  track: 'pawl.dev/track',
  /**
   * `"true"` on the pods that the Service sends requests to. Stable pods have it from their template; a canary pod gets
   * it from the controller once its version was accepted, so that a pod can be Ready and yet meet no user.
   */
  inService: 'pawl.dev/in-service',
  /** On a canary Deployment and its pods: name of the ModelVersion. */
  modelVersion: 'pawl.dev/model-version',
  /** On ConfigMaps of a model: what the controller reads them for, {@link POLICY_ROLE} or {@link ACCEPTANCE_IMAGES_ROLE}. */
  role: 'pawl.dev/role',
} as const;

/** Values of {@link labels.role} and {@link labels.track}. */
export const POLICY_ROLE = 'rollout-policy';
export const ACCEPTANCE_IMAGES_ROLE = 'acceptance-images';
export const STABLE = 'stable';
export const CANARY = 'canary';

/** Annotations. */
export const annotations = {
  /** On pod templates: digest of the bundle that the pods serve. */
  digest: 'pawl.dev/digest',
  /** On pod templates: semantic version of that bundle. */
  version: 'pawl.dev/version',
  /** On a ModelVersion, any new value: stop its rollout for good and return to the stable version. */
  abort: 'pawl.dev/abort',
  /** On a ModelVersion, any new value: forget its Failed verdict and try it again. */
  retry: 'pawl.dev/retry',
  /** On a ModelVersion, any new value: skip the remaining steps and analysis; never verification or acceptance. */
  promote: 'pawl.dev/promote',
  /** On a canary Deployment: hash of the stable pod template it was made from. */
  template: 'pawl.dev/template',
  /** On a canary Deployment: what both tracks counted in its current step, JSON. */
  comparison: 'pawl.dev/analysis',
  /** On a canary Deployment: when the HTTPRoute stopped sending it requests, RFC 3339. */
  withdrawnAt: 'pawl.dev/withdrawn-at',
  /** On an HTTPRoute: hash of what the policy asks of its rule beside the backends. */
  rule: 'pawl.dev/rule',
  /** On a ModelVersion, for people: id of the training run, as the bundle's manifest says. */
  runId: 'pawl.dev/run-id',
  /** On a ModelVersion, for people: Git commit that the weights were trained at. */
  gitCommit: 'pawl.dev/git-commit',
  /** On a ModelVersion, for people: hash of the data set that the weights were trained on. */
  dataHash: 'pawl.dev/data-hash',
  /** On a ModelVersion outside its cluster, the verdict that the controller publishes: when it was true, RFC 3339. */
  observedAt: 'pawl.dev/observed-at',
} as const;

/** Container of the service in the stable pod template. */
export const INFERENCE_CONTAINER = 'inference';
/** Init container that fetches the bundle to {@link MODEL_CACHE_PATH}; it has nothing to do where none is asked for. */
export const FETCH_CONTAINER = 'fetch-model';
/** Where the chart mounts the folder of fetched bundles, each in a folder `sha256-<hex>`. */
export const MODEL_CACHE_PATH = '/models';
/** Image volume of a bundle, and where it is mounted: both set by the controller, where the policy asks for it. */
export const MODEL_VOLUME = 'model';
export const MODEL_IMAGE_PATH = '/model';
/** Name of the service's port in the container. */
export const HTTP_PORT_NAME = 'http';

/**
 * Keys of the policy ConfigMap. In it, and in the ConfigMaps of {@link ACCEPTANCE_IMAGES_ROLE}, every `binaryData` key
 * `<label>.<anything>` is an acceptance image of that label.
 */
export const POLICY_KEY = 'policy.yaml';
/** One public key or several in PEM; when present, every bundle must be signed by the private half of one of them. */
export const PUBLIC_KEY_KEY = 'public-key.pem';

/** Lease that the controller of a namespace renews, unless its {@link LEASE_NAME_ENV} names another. */
export const CONTROLLER_LEASE = 'pawl-controller';
/** Environment variable of the controller's container. */
export const LEASE_NAME_ENV = 'LEASE_NAME';
/** Label of the controller's Deployment and pods. */
export const CONTROLLER_SELECTOR = 'app.kubernetes.io/component=controller';

/** Server-side apply identity of the controller. */
export const FIELD_MANAGER = 'pawl-controller';
