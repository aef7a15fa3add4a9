/**
 * Joins every built program and what it imports into `apps/<app>/dist/bundle`: entry files and their chunks. Loading two
 * thousand small files is most of a start; packages with native code or data stay outside
 * (docs/decisions/0006-start-in-a-second.md).
 *
 *   node scripts/bundle-programs.js [APP...]     without names: every app
 */
import { rm, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { dirname, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/** App -> its programs: name of the joined file -> built file. */
const apps = {
  inference: {
    main: 'apps/inference/dist/main.js',
    'fetch-model': 'apps/inference/dist/fetch-model.js',
    // A worker thread is an entry of its own, and so is a decoder process; worker-handle.ts and decoder/decoder-process.ts expect
    // them beside themselves.
    'image-worker': 'apps/shared/dist/execution/image-worker.js',
    'decoder-main': 'apps/shared/dist/execution/decoder/decoder-main.js',
  },
  controller: { main: 'apps/controller/dist/main.js' },
  cli: {
    main: 'apps/cli/dist/main.js',
    'image-worker': 'apps/shared/dist/execution/image-worker.js',
    'decoder-main': 'apps/shared/dist/execution/decoder/decoder-main.js',
    'feature-worker': 'apps/shared/dist/execution/feature-worker.js',
  },
};

/**
 * Lets `const { extract } = await import('tar-stream')` mean the same joined as not: Node finds the names that a CommonJS
 * package exports, esbuild makes of it a chunk with a default export alone.
 */
const namedExports = {
  name: 'named-exports',
  setup({ onResolve, onLoad, resolve }) {
    const namesOf = new Map();
    onResolve({ filter: /^[@a-z]/ }, async ({ path, kind, resolveDir, importer, pluginData }) => {
      if (kind !== 'dynamic-import' || isBuiltin(path) || pluginData === namedExports) return undefined;
      const found = await resolve(path, { kind, resolveDir, importer, pluginData: namedExports });
      if (found.external || found.errors.length > 0) return found;
      // Node does not load what is written for bundlers alone; that is ES modules, and needs no help.
      const names = Object.keys(await import(pathToFileURL(found.path).href).catch(() => ({})));
      // The name that Node gives to the whole of a CommonJS package.
      if (!names.includes('module.exports')) return found;
      namesOf.set(
        found.path,
        names.filter((name) => name !== 'default' && name !== 'module.exports'),
      );
      return { path: found.path, namespace: 'named-exports' };
    });
    onLoad({ filter: /.*/, namespace: 'named-exports' }, ({ path }) => ({
      contents: `export { ${namesOf.get(path).join(', ')} } from ${JSON.stringify(path)};`,
      resolveDir: dirname(path),
    }));
  },
};

// The names that a CommonJS package exports are asked of Node, and older ones leave them out: the result would not run.
if (Number(process.versions.node.split('.')[0]) < 23) {
  console.error(
    `Node ${process.versions.node} cannot join the programs; run "npm run build", which finds a newer one.`,
  );
  process.exit(1);
}

const wanted = process.argv.slice(2);
for (const [app, entryPoints] of Object.entries(apps)) {
  if (wanted.length > 0 && !wanted.includes(app)) continue;
  const outdir = `apps/${app}/dist/bundle`;
  // Chunks are named by content; those of earlier builds would pile up.
  await rm(outdir, { recursive: true, force: true });
  const { metafile } = await build({
    entryPoints,
    outdir,
    bundle: true,
    // What is imported lazily (a store, the AWS SDK) becomes a chunk of its own and is read when it is needed.
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    sourcemap: true,
    sourcesContent: false,
    metafile: true,
    legalComments: 'none',
    logLevel: 'warning',
    plugins: [namedExports],
    external: [
      // Native code or data files beside their own.
      'onnxruntime-node',
      'sharp',
      'swagger-ui-dist',
      '@resvg/resvg-js',
      'dejavu-fonts-ttf',
      // Vega asks for it and does without.
      'canvas',
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
  }); // Whose code is in it, for the notices of the image (scripts/images/write-notices.ts).
  await writeFile(`apps/${app}/dist/packages.json`, JSON.stringify(packageFolders(metafile), null, 2));
}

/** The folders of the packages of which something got into a file, in order. */
function packageFolders({ outputs }) {
  const folders = new Set();
  for (const { inputs } of Object.values(outputs))
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const [folder] = /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(path.replace(/^named-exports:/, '')) ?? [];
      if (folder !== undefined && bytesInOutput > 0) folders.add(relative(process.cwd(), folder));
    }
  return [...folders].sort();
}
