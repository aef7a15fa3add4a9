import { applyDecorators, type INestApplication } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiOkResponse,
  ApiOperation,
  ApiResponse,
  DocumentBuilder,
  type OpenAPIObject,
  SwaggerModule,
} from '@nestjs/swagger';
import { z } from 'zod';
import { batchSchema, errorBodySchema, predictionSchema } from '../prediction/prediction.schema.ts';

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const image = { type: 'string', format: 'binary' } as const;
const rawBodies = ['image/jpeg', 'image/png', 'image/webp', 'image/gif', 'image/avif', 'application/octet-stream'];

const errors = applyDecorators(
  ...(
    [
      [400, 'No file, an empty file, too many files or a malformed multipart body.'],
      [408, 'The body arrived too slowly.'],
      [413, 'The file or the request is too large.'],
      [415, 'Neither multipart nor an image, or an image format that is not supported.'],
      [422, 'The image is damaged, has too many pixels or takes too long to decode.'],
      [429, 'The queue is full; try again after Retry-After seconds.'],
      [500, 'The service failed.'],
      [503, 'No model is ready; try again after Retry-After seconds.'],
    ] as const
  ).map(([status, description]) => ApiResponse({ status, description, schema: ref('Error') })),
);

/** Describes POST /predict. */
export const ApiPredict = () =>
  applyDecorators(
    ApiOperation({ summary: 'Classify one image', description: 'As multipart field "file", or as the body itself.' }),
    ApiConsumes('multipart/form-data', ...rawBodies),
    ApiBody({ schema: { type: 'object', required: ['file'], properties: { file: image } } }),
    ApiOkResponse({ description: 'The answer.', schema: ref('Prediction') }),
    errors,
  );

/** Describes POST /predict/batch. */
export const ApiBatch = () =>
  applyDecorators(
    ApiOperation({
      summary: 'Classify several images',
      description: 'Repeat the multipart field "file"; a bad image gets its own error and never fails another.',
    }),
    ApiConsumes('multipart/form-data'),
    ApiBody({
      schema: { type: 'object', required: ['file'], properties: { file: { type: 'array', items: image } } },
    }),
    ApiOkResponse({ description: 'One entry an image, in the order they were sent.', schema: ref('Batch') }),
    errors,
  );

/** The OpenAPI document for a model with these labels, from the schemas that the tests validate answers with. */
export function describeApi(app: INestApplication, labels: readonly string[]): OpenAPIObject {
  const document = SwaggerModule.createDocument(
    app,
    new DocumentBuilder()
      .setTitle('Pawl inference')
      .setDescription('Image classification. Every error body has a stable code, a message, a hint and a request id.')
      .setVersion('1')
      .build(),
  );
  const schemas = { Prediction: predictionSchema(labels), Batch: batchSchema(labels), Error: errorBodySchema };
  document.components = {
    ...document.components,
    schemas: Object.fromEntries(
      Object.entries(schemas).map(([name, schema]) => [name, z.toJSONSchema(schema, { target: 'openapi-3.0' })]),
    ) as NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>,
  };
  return document;
}

/** Serves the page at /docs and the document at /docs/openapi.json; both are made on the first visit. */
export function serveDocs(app: INestApplication, labels: () => readonly string[]): void {
  SwaggerModule.setup('docs', app, () => describeApi(app, labels()), {
    jsonDocumentUrl: 'docs/openapi.json',
    yamlDocumentUrl: 'docs/openapi.yaml',
    customSiteTitle: 'Pawl API',
  });
}
