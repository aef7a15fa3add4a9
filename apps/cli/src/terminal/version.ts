/** Version of the program, as in package.json; a test compares them. */
export const PAWL_VERSION = '0.1.0';
