/**
 * What a built image is and how it is used, as Markdown for the summary of a job.
 *
 *   node scripts/ci/image-summary.js LAYOUT DIGEST NAME:TAG... <build-args.txt
 *
 * LAYOUT is a folder in the OCI image layout (what `tar -x` makes of an archive of buildx), so the sizes are those of the bytes
 * that a registry holds and a node pulls. DIGEST is what was pushed, or `-`. Standard input has the build arguments, which name the
 * bases (scripts/ci/build-args.sh). Plain JavaScript without a dependency: it runs where nothing of the repository is installed.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { argv, exit, stderr, stdout } from 'node:process';

/** @typedef {{ platform: string, bytes: number, layers: number }} PlatformSize */

const [, , layout, digest, ...names] = argv;
if (layout === undefined || digest === undefined || names.length === 0) {
  stderr.write(
    'error: expected a folder, a digest and names [USAGE]\nnext:  node scripts/ci/image-summary.js LAYOUT DIGEST NAME:TAG...\n',
  );
  exit(2);
}

const blob = (of) => JSON.parse(readFileSync(join(layout, 'blobs', ...of.split(':')), 'utf8'));

/** What an index holds, with that of the indexes in it. */
const descriptorsOf = (index) =>
  index.manifests.flatMap((one) => (one.mediaType.includes('index') ? descriptorsOf(blob(one.digest)) : [one]));

const descriptors = descriptorsOf(JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')));
const isAttestation = ({ annotations }) => annotations?.['vnd.docker.reference.type'] === 'attestation-manifest';

/** @type {PlatformSize[]} Compressed bytes of layers and configuration: what a pull of one platform brings. */
const platforms = descriptors
  .filter((one) => !isAttestation(one))
  .map((one) => {
    const { config, layers } = blob(one.digest);
    const { os, architecture, variant } = one.platform ?? blob(config.digest);
    return {
      platform: [os, architecture, variant].filter((part) => part !== undefined).join('/'),
      bytes: layers.reduce((sum, { size }) => sum + size, config.size),
      layers: layers.length,
    };
  });

/** What BuildKit says of the build, by the type of each statement. */
const statements = new Set(
  descriptors
    .filter(isAttestation)
    .flatMap((one) => blob(one.digest).layers.map(({ annotations }) => annotations?.['in-toto.io/predicate-type'])),
);
const says = (part) => [...statements].some((type) => type?.includes(part));

const bases = readFileSync(0, 'utf8')
  .split('\n')
  .filter((line) => /^\w+_IMAGE=.+@sha256:/.test(line));

const [first] = names;
const image = first.slice(0, first.lastIndexOf(':'));
const usage = {
  'pawl-inference': `docker run --rm -p 8000:8000 -v "$PWD/models/catdog:/model:ro" -e MODEL_URI=file:///model ${first}`,
  'pawl-controller': `helm upgrade --install catdog charts/pawl --set controller.image.repository=${image} --set controller.image.tag=${first.slice(image.length + 1)}`,
  'pawl-cli': `docker run --rm ${first} --help`,
  'pawl-mlflow': `docker run --rm -p 5000:5000 ${first}`,
}[image.slice(image.lastIndexOf('/') + 1)];

const compose = [
  'services:',
  '  mlflow:',
  `    image: ${first}`,
  '    ports: ["127.0.0.1:5000:5000"]',
  '    environment:',
  '      MLFLOW_BACKEND_STORE_URI: postgresql://mlflow:${POSTGRES_PASSWORD}@postgres:5432/mlflow',
  '      MLFLOW_ARTIFACTS_DESTINATION: s3://mlflow',
  '      MLFLOW_S3_ENDPOINT_URL: http://s3:7070',
  '      AWS_ACCESS_KEY_ID: ${AWS_ACCESS_KEY_ID}',
  '      AWS_SECRET_ACCESS_KEY: ${AWS_SECRET_ACCESS_KEY}',
];

const commands = [digest === '-' ? undefined : `docker pull ${image}@${digest}`, usage].filter(
  (one) => one !== undefined,
);

const lines = [
  `### ${image}`,
  '',
  ...(digest === '-' ? ['Built, and not pushed.'] : [`Digest: \`${digest}\``]),
  '',
  '| platform | compressed | layers |',
  '| --- | --- | --- |',
  ...platforms.map(({ platform, bytes, layers }) => `| ${platform} | ${(bytes / 1e6).toFixed(1)} MB | ${layers} |`),
  '',
  `Tags: ${names.map((name) => `\`${name.slice(image.length + 1)}\``).join(', ')}`,
  '',
  `SBOM: ${says('spdx') || says('cyclonedx') ? 'yes' : 'no'}; provenance: ${says('slsa.dev/provenance') ? 'yes' : 'no'}`,
  '',
  ...bases.map((line) => `- ${line.replace('=', ': `')}\``),
  '',
  ...(commands.length === 0 ? [] : ['```sh', ...commands, '```']),
  ...(image.endsWith('/pawl-mlflow') ? ['', '```yaml', ...compose, '```'] : []),
];
stdout.write(`${lines.join('\n')}\n`);
