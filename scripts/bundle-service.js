/**
 * Joins the built service and what it imports into `apps/inference/dist/bundle`: two entry files and their chunks. Loading
 * two thousand small files is most of a start; packages with native code or data stay outside
 * (docs/decisions/0006-start-in-a-second.md).
 */
import { rm } from 'node:fs/promises';
import { build } from 'esbuild';

// Chunks are named by content; those of earlier builds would pile up.
await rm('apps/inference/dist/bundle', { recursive: true, force: true });

await build({
  entryPoints: {
    main: 'apps/inference/dist/main.js',
    // A worker thread is an entry of its own; worker-handle.ts expects it beside itself.
    'image-worker': 'apps/shared/dist/execution/image-worker.js',
  },
  outdir: 'apps/inference/dist/bundle',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  sourcemap: true,
  sourcesContent: false,
  legalComments: 'none',
  logLevel: 'warning',
  external: [
    // Native code or data files beside their own.
    'onnxruntime-node',
    'sharp',
    'swagger-ui-dist',
    // Large and lazily loaded, only for s3: addresses.
    '@aws-sdk/client-s3',
    // Nest asks for these and does without.
    '@nestjs/microservices',
    '@nestjs/microservices/*',
    '@nestjs/websockets/*',
    'class-transformer',
    'class-transformer/*',
    'class-validator',
  ],
  // CommonJS packages inside an ES module have no require() of their own.
  banner: {
    js: "import { createRequire as pawlCreateRequire } from 'node:module'; const require = pawlCreateRequire(import.meta.url);",
  },
});
