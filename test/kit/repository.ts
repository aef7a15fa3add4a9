import { fileURLToPath } from 'node:url';

/** Path of a file or folder of the repository; `inRepository('')` is its root, with a slash at its end. */
export const inRepository = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** The bundle that is shipped with the repository. */
export const catdog = inRepository('models/catdog');

/** The version before it, of the order's architecture; also the backbone of the training example. */
export const resnet18 = inRepository('models/backbones/resnet18');

/** A photograph of {@link catdog}: small, and a real JPEG for whatever looks at the bytes. */
export const catPhoto = inRepository('models/catdog/golden/cat-python3-pyglet-kitten.jpg');
