import { imageFormats } from '@pawl/shared/preprocessing/image-format';
import { rolloutPolicySchema } from '@pawl/shared/modelversion/rollout-policy';
import { inferenceMetrics } from '@pawl/shared/telemetry/metric-names';
import { z } from 'zod';

/** Environment variables that the chart or the controller sets (a second entry would win over theirs unseen), or that none may. */
const reservedVariables = [
  'MODEL_URI',
  'MODEL_DIGEST',
  'MODEL_NAME',
  'MODEL_CACHE_DIR',
  'MODEL_PUBLIC_KEY_FILE',
  'PORT',
  'LOG_LEVEL',
  'DRAIN_DELAY_MS',
  'DRAIN_MAX_DELAY_MS',
  'DRAIN_TIMEOUT_MS',
  'PREDICTION_ID_KEY',
  'PREDICTION_ID_OLD_KEYS',
  'IMAGE_FORMATS',
  'TOP_LABELS',
  'CORS_ORIGINS',
  'UPLOAD_MIN_BYTES_PER_SECOND',
  'TRUSTED_PROXIES',
  'CLIENT_MAX_CONNECTIONS',
  'CLIENT_MAX_REQUESTS',
  'CLIENT_MAX_BYTES_PER_SECOND',
  'PREDICTION_LOG',
  'PREDICTION_LOG_S3_ENDPOINT',
  'PREDICTION_LOG_OBJECT_SECONDS',
  'PREDICTION_LOG_OBJECT_BYTES',
  'PREDICTION_LOG_QUEUE_BYTES',
  'PREDICTION_LOG_TOP_LABELS',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_TRACES_SAMPLER_ARG',
  'OTEL_SERVICE_NAME',
  'NAMESPACE',
  'WATCH_NAMESPACES',
  'POD_NAME',
  'LEASE_NAME',
  'DOCKER_CONFIG',
  // Node would then ask pods through the proxy of the stores.
  'NODE_USE_ENV_PROXY',
];

const text = z.string();
const comment = '(-{0,4}[^-])*';
const flag = z.boolean();
const whole = (min: number, max = 2_147_483_647) => z.int().min(min).max(max);
/** `''`, or what the pattern says. */
const orEmpty = (pattern: string) => z.string().regex(new RegExp(`^(|${pattern})$`));
const name = z.string().regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);
const optionalName = orEmpty('[a-z0-9]([-a-z0-9.]*[a-z0-9])?');
const digest = orEmpty('sha256:[0-9a-f]{64}');
const duration = z.string().regex(/^([0-9]+(ms|s|m|h))+$/);
const quantity = z.string().regex(/^[0-9]+(\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$/);
/** Percent; at 100 there is no budget that could burn. */
const objective = z.number().min(50).lt(100);
const logLevel = z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']);
/** Whether it has a password is for a sentence of its own. */
const proxyAddress = orEmpty('https?://[^/\\s]+/?');
const httpAddress = orEmpty('https?://[^/\\s@]+(/[^\\s]*)?');
const words = z.record(z.string(), z.string());
/** Labels by which the chart and the controller find their objects: a second value would win over theirs unseen. */
const ownLabels =
  '^(app\\.kubernetes\\.io/(name|instance|version|component|managed-by)|helm\\.sh/chart|pawl\\.dev/.*)$';
const labels = z.record(z.string().meta({ not: { pattern: ownLabels } }), z.string());
const countOrPercent = z.union([whole(0), z.string().regex(/^[0-9]+%$/)]);

/** A part of the Kubernetes API: the API server checks it, with better messages than a copy of its schema would have. */
const kubernetes = z.looseObject({});
const kubernetesList = z.array(kubernetes);
const environment = z.array(
  z.looseObject({
    name: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
      .meta({ not: { enum: reservedVariables } }),
  }),
);
const image = z.strictObject({
  repository: z.string().min(1),
  tag: text,
  digest,
  pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']),
});

const gatewayPolicy = rolloutPolicySchema.shape.traffic.unwrap().shape.gateway.unwrap();

/** Gateways that a route attaches to. */
const parentRefs = z.array(
  z.strictObject({
    name,
    namespace: name.optional(),
    sectionName: z.string().min(1).optional(),
    port: whole(1, 65_535).optional(),
  }),
);
/** What is reachable from outside. */
const paths = z.array(z.strictObject({ path: z.string().regex(/^\//), pathType: z.enum(['Exact', 'Prefix']) })).min(1);

/** The values of the chart. Every one has a default in values.yaml, so none may be missing, but for the policy's own. */
export const chartValuesSchema = z.strictObject({
  nameOverride: optionalName,
  fullnameOverride: optionalName,
  commonLabels: labels,
  model: z.strictObject({
    name: z
      .string()
      .max(63)
      .regex(/^[a-z][a-z0-9_]*$/),
    uri: orEmpty('(oci|s3|https|file)://.+'),
    digest,
    version: text,
  }),
  image,
  imagePullSecrets: z.array(z.strictObject({ name })),
  replicaCount: whole(0, 1000),
  maxSurge: countOrPercent,
  revisionHistoryLimit: whole(0, 100),
  resources: kubernetes,
  autoscaling: z.strictObject({
    enabled: flag,
    minReplicas: whole(1, 1000),
    maxReplicas: whole(1, 1000),
    targetCPUUtilizationPercentage: whole(0, 10_000),
    targetQueueDepth: whole(0, 10_000),
    metrics: kubernetesList,
    behavior: kubernetes,
  }),
  podDisruptionBudget: z.strictObject({ enabled: flag, maxUnavailable: countOrPercent }),
  // Who splits the requests follows from `gateway`.
  rollout: rolloutPolicySchema.omit({ traffic: true }),
  acceptance: z.strictObject({
    bundled: flag,
    images: z.record(z.string().regex(/^[a-z0-9_-]+\.[A-Za-z0-9._-]+$/), z.string().regex(/^[A-Za-z0-9+/]+={0,2}$/)),
  }),
  // Text between two keys is anything without five dashes. Each key is read by who uses it.
  publicKey: orEmpty(`${comment}(-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\\s]+-----END PUBLIC KEY-----${comment})+`),
  existingPolicy: z.strictObject({ configMap: optionalName, hasPublicKey: flag }),
  cache: z.strictObject({
    type: z.enum(['emptyDir', 'pvc', 'hostPath']),
    sizeLimit: quantity,
    keep: whole(0, 1000),
    pvc: z.strictObject({
      existingClaim: optionalName,
      storageClassName: optionalName,
      accessModes: z.array(z.enum(['ReadWriteOnce', 'ReadWriteMany', 'ReadWriteOncePod'])).min(1),
      size: quantity,
    }),
    hostPath: z.strictObject({ path: z.string().regex(/^\//) }),
  }),
  storeCredentials: z.strictObject({ envSecret: optionalName, dockerConfigSecret: optionalName }),
  trustedCertificates: z.strictObject({ configMap: optionalName, key: z.string().regex(/^[A-Za-z0-9._-]+$/) }),
  proxy: z.strictObject({
    httpProxy: proxyAddress,
    httpsProxy: proxyAddress,
    noProxy: z.array(z.string().regex(/^[^,\s]+$/)),
  }),
  predictionIdKey: z.strictObject({ secretName: optionalName, key: z.string().min(1), oldKeysKey: text }),
  predictionLog: z.strictObject({
    to: orEmpty('stdout|file:///.+|s3://[a-z0-9][a-z0-9.-]+[a-z0-9](/.*)?'),
    s3Endpoint: httpAddress,
    envSecret: optionalName,
    objectSeconds: whole(1, 3_600),
    objectBytes: whole(1_024, 2 ** 28),
    queueBytes: whole(65_536, 2 ** 30),
    topLabels: whole(0, 100_000),
  }),
  traces: z.strictObject({
    endpoint: httpAddress,
    ratio: z.number().min(0).max(1),
    serviceName: text,
    envSecret: optionalName,
  }),
  logLevel,
  drain: z.strictObject({ delaySeconds: whole(0, 600), maxDelaySeconds: whole(0, 600), timeoutSeconds: whole(1, 600) }),
  http: z.strictObject({
    imageFormats: z.array(z.enum(imageFormats)).min(1),
    topLabels: whole(0, 100_000),
    corsOrigins: z.array(z.string().regex(/^(\*|https?:\/\/[^/\s,]+)$/)),
    minUploadBytesPerSecond: whole(0, 2 ** 30),
    trustedProxies: z.array(z.string().regex(/^([0-9a-fA-F.:]+(\/[0-9]{1,3})?|loopback|linklocal|uniquelocal)$/)),
    client: z.strictObject({
      maxConnections: whole(0, 1_000_000),
      maxRequests: whole(0, 1_000_000),
      maxBytesPerSecond: whole(0),
    }),
  }),
  env: environment,
  envFrom: kubernetesList,
  volumes: kubernetesList,
  volumeMounts: kubernetesList,
  initContainers: kubernetesList,
  sidecars: kubernetesList,
  service: z.strictObject({
    type: z.enum(['ClusterIP', 'NodePort', 'LoadBalancer']),
    port: whole(1, 65_535),
    nodePort: whole(0, 65_535),
    annotations: words,
    labels,
  }),
  ingress: z.strictObject({
    enabled: flag,
    className: optionalName,
    annotations: words,
    hosts: z.array(z.string().min(1)),
    paths,
    tls: kubernetesList,
  }),
  httpRoute: z.strictObject({
    enabled: flag,
    annotations: words,
    parentRefs,
    hostnames: z.array(z.string().min(1)),
    paths,
    filters: kubernetesList,
    timeouts: kubernetes,
  }),
  gateway: z.strictObject({
    enabled: flag,
    parentRefs,
    hostnames: z.array(z.string().min(1)),
    // As the controller reads them.
    ...gatewayPolicy.pick({ pathPrefix: true, filters: true, timeouts: true, sessionPersistence: true }).shape,
  }),
  networkPolicy: z.strictObject({
    enabled: flag,
    ingressFrom: kubernetesList,
    egressPorts: z.array(whole(1, 65_535)),
    egressTo: kubernetesList,
  }),
  serviceMonitor: z.strictObject({ enabled: flag, interval: duration, labels: words }),
  prometheusRule: z.strictObject({
    enabled: flag,
    labels: words,
    availabilityObjective: objective,
    latencyObjective: objective,
    latencyLimit: z.union(inferenceMetrics.requestLatency.buckets.map((edge) => z.literal(edge))),
    abstentionLimit: z.number().min(0).max(1),
    runbook: z.string().regex(/^https?:\/\/[^\s#]+$/),
  }),
  rbac: z.strictObject({ create: flag }),
  serviceAccount: z.strictObject({ create: flag, name: optionalName, annotations: words }),
  podAnnotations: words,
  podLabels: labels,
  nodeSelector: words,
  tolerations: kubernetesList,
  affinity: kubernetes,
  topologySpreadConstraints: kubernetesList,
  hostAliases: kubernetesList,
  dnsConfig: kubernetes,
  runtimeClassName: optionalName,
  priorityClassName: optionalName,
  podSecurityContext: kubernetes,
  securityContext: kubernetes,
  controller: z.strictObject({
    enabled: flag,
    install: flag,
    image,
    replicas: whole(0, 10),
    leaseName: name,
    watchNamespaces: z.array(z.string().regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/)),
    logLevel: z.enum(['debug', 'info', 'warn', 'error']),
    env: environment,
    envFrom: kubernetesList,
    volumes: kubernetesList,
    volumeMounts: kubernetesList,
    httpRoutes: flag,
    tmpSizeLimit: quantity,
    resources: kubernetes,
    verdicts: z.strictObject({ enabled: flag }),
    podMonitor: z.strictObject({ enabled: flag, interval: duration, labels: words }),
    serviceAccount: z.strictObject({ create: flag, name: optionalName, annotations: words }),
    podAnnotations: words,
    podLabels: labels,
    nodeSelector: words,
    tolerations: kubernetesList,
    affinity: kubernetes,
    priorityClassName: optionalName,
  }),
  grafana: z.strictObject({
    dashboards: z.strictObject({ enabled: flag, labels: words, annotations: words, namespace: optionalName }),
  }),
  smokeTest: z.strictObject({ argocdHook: flag, imageConfigMaps: z.array(name) }),
  crds: z.strictObject({ install: flag, keep: flag, adopt: flag }),
  extraObjects: z.array(z.union([kubernetes, z.string().min(1)])),
  /** Helm's own: values for all charts of a parent chart. */
  global: z.looseObject({}).optional(),
});

/** The values of the chart of the CRD alone. */
export const crdChartValuesSchema = z.strictObject({
  keep: flag,
  commonLabels: words,
  /** Helm's own: values for all charts of a parent chart. */
  global: z.looseObject({}).optional(),
});
