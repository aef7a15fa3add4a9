import { type ImageFormat, mediaTypeOf } from '@pawl/shared/preprocessing/image-format';
import { z } from 'zod';
import {
  feedbackBatchSchema,
  feedbackResultSchema,
  feedbackResultsSchema,
  feedbackSchema,
} from '../feedback/feedback.schema.ts';
import { healthSchema, livenessSchema, readinessSchema } from '../health/health.schema.ts';
import { type AnswerShape, batchOf, errorBodySchema, predictionSchema } from '../prediction/prediction.schema.ts';

/** The parts of an OpenAPI 3.1 document that are used here. */
export interface OpenApiDocument {
  readonly openapi: '3.1.0';
  readonly info: object;
  readonly paths: Readonly<Record<string, Readonly<Record<string, object>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const json = (description: string, schema: string) => ({
  description,
  content: { 'application/json': { schema: ref(schema) } },
});
const binary = { type: 'string', format: 'binary' };

const errorsOf = (descriptions: readonly (readonly [status: number, description: string])[]) =>
  Object.fromEntries(descriptions.map(([status, description]) => [String(status), json(description, 'Error')]));

const errors = errorsOf([
  [400, 'No file, an empty file, too many files, a malformed multipart body or a wrong parameter.'],
  [408, 'The body arrived too slowly.'],
  [413, 'The file or the request is too large.'],
  [415, 'Neither multipart nor an image, an image format that is not taken, or a Content-Encoding.'],
  [417, 'An expectation other than 100-continue.'],
  [422, 'The image is damaged, has too many pixels or takes too long to decode.'],
  [429, 'The queue is full, or this client does too much; try again after Retry-After seconds.'],
  [500, 'The service failed.'],
  [503, 'No model is ready; try again after Retry-After seconds.'],
]);

const feedbackErrors = errorsOf([
  [400, 'No JSON, or JSON of another shape.'],
  [408, 'The body arrived too slowly.'],
  [409, 'This prediction has another label already.'],
  [413, 'Too many entries, or too many bytes.'],
  [415, 'Not JSON by its Content-Type, or a Content-Encoding.'],
  [422, 'No prediction_id of this service, one that is too old, or a label that the model does not have.'],
  [429, 'Too much is being sent, or this client does too much; try again after Retry-After seconds.'],
  [503, 'No model is ready; try again after Retry-After seconds.'],
]);

const form = (file: object) => ({
  'multipart/form-data': { schema: { type: 'object', required: ['file'], properties: { file } } },
});

const top = {
  name: 'top',
  in: 'query',
  required: false,
  description:
    'Answer only this number of probabilities, the largest first; 0: all. Absent: as the service is set (TOP_LABELS).',
  schema: { type: 'integer', minimum: 0 },
};

/** @param rawBodies media types of a body that is the image itself. */
const pathsFor = (rawBodies: readonly string[]): OpenApiDocument['paths'] => ({
  '/predict': {
    post: {
      operationId: 'predict',
      tags: ['images'],
      summary: 'Classify one image',
      description:
        'As multipart field "file", or as the body itself. The bytes decide the format, not a name or a type.',
      parameters: [top],
      requestBody: {
        required: true,
        content: { ...form(binary), ...Object.fromEntries(rawBodies.map((type) => [type, { schema: binary }])) },
      },
      responses: { '200': json('The answer.', 'Prediction'), ...errors },
    },
  },
  '/predict/batch': {
    post: {
      operationId: 'predictBatch',
      tags: ['images'],
      summary: 'Classify several images',
      description: 'Repeat the multipart field "file"; a bad image gets its own error and never fails another.',
      parameters: [top],
      requestBody: { required: true, content: form({ type: 'array', items: binary }) },
      responses: { '200': json('One entry an image, in the order they were sent.', 'Batch'), ...errors },
    },
  },
  '/feedback': {
    post: {
      operationId: 'feedback',
      tags: ['images'],
      summary: 'Tell the true label of an earlier prediction',
      description:
        'Of one, or of several: then each has its own result or error, in their order, and the status is 200. The same feedback again is counted once.',
      requestBody: {
        required: true,
        content: { 'application/json': { schema: { oneOf: [ref('Feedback'), ref('FeedbackBatch')] } } },
      },
      responses: {
        '200': {
          description: 'What became of it.',
          content: { 'application/json': { schema: { oneOf: [ref('FeedbackResult'), ref('FeedbackResults')] } } },
        },
        ...feedbackErrors,
      },
    },
  },
  '/health': {
    get: {
      operationId: 'health',
      tags: ['state'],
      summary: 'Whether the process runs and a model is loaded',
      responses: { '200': json('Also while no model is loaded.', 'Health') },
    },
  },
  '/livez': {
    get: {
      operationId: 'livez',
      tags: ['state'],
      summary: 'Liveness probe',
      responses: { '200': json('The event loop turns.', 'Liveness') },
    },
  },
  '/readyz': {
    get: {
      operationId: 'readyz',
      tags: ['state'],
      summary: 'Readiness probe',
      responses: {
        '200': json('The model is verified, warm and answers its golden images as expected.', 'Readiness'),
        '503': json('It is not; the body says why.', 'Readiness'),
      },
    },
  },
  '/metrics': {
    get: {
      operationId: 'metrics',
      tags: ['state'],
      summary: 'Prometheus metrics',
      responses: {
        '200': { description: 'Text exposition format.', content: { 'text/plain': { schema: { type: 'string' } } } },
      },
    },
  },
});

/**
 * The OpenAPI document for a model whose answers have this shape. Its schemas are made from the zod schemas that type
 * the handlers and that the tests validate answers with, so the page always agrees with the code.
 * @param formats those that are taken.
 */
export function describeApi(shape: AnswerShape, formats: readonly ImageFormat[]): OpenApiDocument {
  const prediction = predictionSchema(shape, true);
  const schemas = z.registry<{ id: string }>();
  schemas.add(prediction, { id: 'Prediction' });
  schemas.add(batchOf(prediction), { id: 'Batch' });
  schemas.add(errorBodySchema, { id: 'Error' });
  schemas.add(feedbackSchema, { id: 'Feedback' });
  schemas.add(feedbackBatchSchema, { id: 'FeedbackBatch' });
  schemas.add(feedbackResultSchema, { id: 'FeedbackResult' });
  schemas.add(feedbackResultsSchema, { id: 'FeedbackResults' });
  schemas.add(healthSchema, { id: 'Health' });
  schemas.add(livenessSchema, { id: 'Liveness' });
  schemas.add(readinessSchema, { id: 'Readiness' });
  // By a registry, so that a batch refers to the prediction instead of repeating it.
  const json = z.toJSONSchema(schemas, { uri: (id) => `#/components/schemas/${id}` }).schemas;
  return {
    openapi: '3.1.0',
    info: {
      title: 'Pawl inference',
      version: '1',
      description: 'Image classification. Every error body has a stable code, a message, a hint and a request id.',
    },
    paths: pathsFor([...formats.map(mediaTypeOf), 'application/octet-stream']),
    components: {
      // OpenAPI 3.1 schemas are JSON Schema 2020-12, zod's default dialect.
      schemas: Object.fromEntries(Object.entries(json).map(([name, schema]) => [name, withoutIdentity(schema)])),
    },
  };
}

/** Without what only a schema in a file of its own has. */
function withoutIdentity(schema: object): object {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => key !== '$schema' && key !== '$id'));
}
