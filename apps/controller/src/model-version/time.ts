/** RFC 3339 with seconds, as Kubernetes writes times. */
export const timestamp = (milliseconds: number): string => new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');

/** Milliseconds since the epoch. */
export const milliseconds = (time: string): number => Date.parse(time);
