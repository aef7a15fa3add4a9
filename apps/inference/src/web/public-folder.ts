import { fileURLToPath } from 'node:url';

/** The folder with the pages: two up from `src/web`, from `dist/web` and from the bundled `dist/bundle`. */
export const PUBLIC_FOLDER = fileURLToPath(new URL('../../public/', import.meta.url));
