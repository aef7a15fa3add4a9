import { z } from 'zod';

const seconds = (min: number, max: number) => z.int().min(min).max(max);
const rate = z.number().min(0).max(1);

/** `oci://host[:port][/repository]`, `s3://bucket[/prefix]`, `https://host[/folder]`, `file:///folder`; see artifact-allowed. */
const addressPrefix = z
  .string()
  .max(500)
  .regex(
    /^(?:(?:oci|s3|https?):\/\/(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?|file:\/\/)(?:\/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)*\/?$/,
    'expected a scheme, a host and the beginning of a path, such as oci://registry.example/models',
  );

/** Path of a Gateway API match, in whole parts. */
const pathPrefix = z
  .string()
  .max(200)
  .regex(/^\/(?:[A-Za-z0-9_~-][A-Za-z0-9_.~-]*(?:\/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)*)?$/)
  .default('/')
  .describe('where the service is reached; taken off before the pods see it, unless a filter rewrites the address');
/** The API server knows what a filter may say, and tells it better than a copy of its schema would. */
const gatewayFilters = z
  .array(z.looseObject({ type: z.string().min(1) }))
  .max(15)
  .default([])
  .describe('filters of the rule, in the form of the Gateway API');
/** GEP-2257. */
const gatewayDuration = z.string().regex(/^([0-9]{1,5}(h|m|s|ms)){1,4}$/);
const gatewayTimeouts = z
  .strictObject({ request: gatewayDuration.optional(), backendRequest: gatewayDuration.optional() })
  .default({})
  .describe('timeouts of the rule, in the form of the Gateway API');

/** A step with no more weight than the one before is a mistake of whoever wrote it. */
const rising = ({ value, issues }: z.core.ParsePayload<readonly { readonly weight: number }[]>): void => {
  for (const [index, { weight }] of value.entries()) {
    const before = value[index - 1]?.weight;
    if (before === undefined || weight > before) continue;
    const message = `step ${index + 1} has ${weight} %, and step ${index} has ${before} % already; weights must rise from step to step`;
    issues.push({ code: 'custom', path: [index, 'weight'], message, input: value, continue: true });
  }
};

/**
 * How an environment takes new weights: `policy.yaml` of its ConfigMap, one a model. It belongs to the environment and
 * never to a version, so that weights cannot choose how they are judged. The chart's `rollout` values have this schema.
 */
export const rolloutPolicySchema = z
  .strictObject({
    artifact: z
      .strictObject({
        mount: z
          .enum(['fetch', 'image'])
          .default('fetch')
          .describe(
            'how pods get the bundle: an init container fetches it, or Kubernetes mounts it as an image volume',
          ),
        maxBytes: z.int().min(1).default(2_147_483_648).describe('largest bundle, bytes'),
        timeoutSeconds: seconds(1, 3600).default(300).describe('time for one fetch by the controller'),
        registryPlainHttp: z.boolean().default(false).describe('speak plain HTTP to the registry of an oci: address'),
        allow: z
          .array(addressPrefix)
          .min(1)
          .max(100)
          .optional()
          .describe('where weights may come from: schemes and hosts with the beginning of a path; absent: anywhere'),
        s3Endpoint: z.string().optional().describe('endpoint of an S3-compatible store, when it is not AWS'),
      })
      .prefault({})
      .describe('the weights'),
    versions: z
      .strictObject({
        prerelease: z
          .boolean()
          .default(false)
          .describe('false: a prerelease such as 1.4.0-rc.1 is not rolled out, and lower versions are'),
      })
      .prefault({})
      .describe('the versions that are taken'),
    canary: z
      .strictObject({
        enabled: z.boolean().default(true).describe('false: verified weights go straight to the stable pods'),
        steps: z
          .array(
            z.strictObject({
              weight: z.int().min(1).max(99).describe('percent of the requests'),
              holdSeconds: seconds(0, 604_800).default(60).describe('shortest stay at this step'),
            }),
          )
          .max(20)
          .default([
            { weight: 10, holdSeconds: 60 },
            { weight: 50, holdSeconds: 60 },
          ])
          .check(rising)
          .describe('weights that rise from step to step; empty: acceptance only'),
        readyTimeoutSeconds: seconds(1, 86_400).default(180).describe('time for canary pods to become ready'),
        maxReplicas: z.int().min(1).max(1000).default(10).describe('most canary pods, whatever the weight asks for'),
      })
      .prefault({})
      .describe('the steps'),
    acceptance: z
      .strictObject({
        minCorrect: rate.default(1).describe('share of the labelled images that must be answered with their label'),
        timeoutSeconds: seconds(1, 600).default(30).describe('time for all images'),
      })
      .prefault({})
      .describe("the environment's own labelled images"),
    analysis: z
      .strictObject({
        enabled: z.boolean().default(true).describe('false: steps only wait'),
        intervalSeconds: seconds(1, 3600).default(5).describe('how often the counters are read'),
        minRequests: z.int().min(1).default(50).describe('requests that each track must have answered in the step'),
        falseAlarm: z
          .number()
          .min(1e-9)
          .max(0.1)
          .default(0.001)
          .describe('chance to fail a version that is at its limits, over all looks, checks and steps of a rollout'),
        burstSeconds: seconds(0, 3600)
          .default(60)
          .describe('latency and predictions fail a version only when the evidence stands without any such time'),
        maxErrorRateIncrease: rate
          .default(0.01)
          .describe("how far the canary's share of 5xx may exceed the stable one"),
        maxP95Ratio: z.number().min(1).max(100).default(1.5).describe("canary's p95 latency over the stable one"),
        p95FloorSeconds: z.number().min(0).default(0.05).describe('a p95 below this is never too slow'),
        maxLabelShift: rate
          .default(0.15)
          .describe('how far the mix of predicted labels may differ (total variation distance, 0 to 1)'),
      })
      .prefault({})
      .describe('the live comparison of canary and stable pods'),
    promotion: z
      .strictObject({
        readyTimeoutSeconds: seconds(1, 86_400)
          .default(600)
          .describe('time for the stable pods to take the new weights; then the previous ones return'),
      })
      .prefault({})
      .describe('the stable pods'),
    traffic: z
      .strictObject({
        gateway: z
          .strictObject({
            parentRefs: z
              .array(
                z.strictObject({
                  name: z.string().min(1),
                  namespace: z.string().optional(),
                  sectionName: z.string().optional(),
                  port: z.int().min(1).max(65_535).optional(),
                }),
              )
              .min(1)
              .describe('Gateways that the HTTPRoute attaches to'),
            hostnames: z.array(z.string()).default([]).describe('hostnames of the HTTPRoute'),
            stableService: z.string().min(1).describe('Service of the stable pods alone'),
            canaryService: z.string().min(1).describe('Service of the canary pods alone'),
            pathPrefix,
            filters: gatewayFilters,
            timeouts: gatewayTimeouts,
            sessionPersistence: z
              .looseObject({})
              .default({})
              .describe('keeps a client with the track that it met first; experimental in the Gateway API; {}: off'),
          })
          .optional()
          .describe('exact weights by an HTTPRoute that the controller writes; absent: by the number of pods'),
      })
      .prefault({})
      .describe('who splits the requests'),
  })
  .describe('how this environment takes new weights');

/** A valid policy with its defaults. */
export type RolloutPolicy = z.infer<typeof rolloutPolicySchema>;
