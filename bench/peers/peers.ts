import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { productionRuntime } from '@pawl/test-kit/production-runtime';
import type { PayloadKind } from './payload.ts';

/** A server that people would pick, and how its experts start it. */
export interface Peer {
  readonly name: string;
  /** Its row in the report. */
  readonly title: string;
  /** Name of the Python environment that it needs; absent: none. */
  readonly environment?: keyof typeof environments;
  readonly kind: PayloadKind;
  readonly path: string;
  /** @param bin makes the path of a program of its environment. */
  readonly command: (port: number, bin: (program: string) => string, workers: number) => readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** What a Python environment holds, as requirements of pip. Each is one of its own: their needs exclude each other. */
export const environments = {
  core: [
    'fastapi',
    'uvicorn[standard]',
    'python-multipart',
    'pillow',
    'numpy',
    'onnxruntime',
    'opencv-python-headless',
    'simplejpeg',
    'openvino',
    'litserve',
  ],
  bento: ['bentoml', 'onnxruntime', 'pillow', 'numpy', 'python-multipart'],
  // Its supervisor uses what uvloop 0.22 removed.
  mlserver: ['mlserver', 'uvloop<0.22', 'onnxruntime', 'pillow', 'numpy'],
  triton: ['nvidia-pytriton', 'onnxruntime', 'pillow', 'numpy'],
} as const;

/** Folder of the Python programs. */
export const serversFolder = fileURLToPath(new URL('servers', import.meta.url));

const uvicorn: Peer['command'] = (port, bin, workers) => [
  bin('uvicorn'),
  'fastapi_app:app',
  ...['--host', '127.0.0.1', '--port', String(port), '--workers', String(workers), '--log-level', 'warning'],
];
const form = { kind: 'multipart', path: '/predict' } as const;
const fastapi = { ...form, environment: 'core', command: uvicorn } as const;

/** The service itself first, as its image starts it; then its peers. */
export const peers: readonly Peer[] = [
  {
    ...form,
    name: 'pawl',
    title: 'Pawl, as its image runs it',
    command: () => [process.execPath, resolve('apps/inference/dist/bundle/main.js')],
    env: productionRuntime().env,
  },
  { ...fastapi, name: 'fastapi', title: 'FastAPI + uvicorn, Pillow in full size', env: { DECODE: 'pillow' } },
  { ...fastapi, name: 'fastapi-draft', title: 'FastAPI + uvicorn, Pillow draft', env: { DECODE: 'draft' } },
  { ...fastapi, name: 'fastapi-turbo', title: 'FastAPI + uvicorn, simplejpeg + OpenCV', env: { DECODE: 'turbo' } },
  {
    ...fastapi,
    name: 'fastapi-openvino',
    title: 'FastAPI + uvicorn, simplejpeg + OpenCV, OpenVINO',
    env: { DECODE: 'turbo', ENGINE: 'openvino' },
  },
  {
    ...form,
    name: 'bentoml',
    title: 'BentoML, Pillow in full size',
    environment: 'bento',
    command: (port, bin) => [
      bin('bentoml'),
      'serve',
      'bento_app:CatDog',
      '--host',
      '127.0.0.1',
      '--port',
      String(port),
    ],
    env: { BENTOML_DO_NOT_TRACK: 'true' },
  },
  {
    name: 'mlserver',
    title: 'MLServer, Pillow draft',
    environment: 'mlserver',
    kind: 'v2-base64',
    path: '/v2/models/catdog/infer',
    command: (_port, bin) => [bin('mlserver'), 'start', 'mlserver'],
    env: { DECODE: 'draft' },
  },
  {
    ...form,
    name: 'litserve',
    title: 'LitServe, Pillow draft',
    environment: 'core',
    command: (_port, bin) => [bin('python'), 'lit_app.py'],
    env: { DECODE: 'draft' },
  },
  {
    name: 'triton',
    title: 'Triton (PyTriton), Pillow draft',
    environment: 'triton',
    kind: 'v2-binary',
    path: '/v2/models/catdog/infer',
    command: (_port, bin) => [bin('python'), 'triton_app.py'],
    env: { DECODE: 'draft' },
  },
];
