import { z } from 'zod';

/** UTF-16 units of a version; it is part of names and labels. */
const LONGEST = 64;
/** Decimal digits of {@link Number.MAX_SAFE_INTEGER}. */
const DIGITS = 16;
const number = `(0|[1-9]\\d{0,${DIGITS - 1}})`;
/** A number without leading zeros, or a word with a letter or hyphen in it. */
const identifier = `(0|[1-9]\\d{0,${DIGITS - 1}}|\\d*[a-zA-Z-][0-9a-zA-Z-]*)`;
const build = '[0-9a-zA-Z-]+';

/** The grammar of https://semver.org, its numbers no longer than a program can count. Also RE2, for the API server. */
const GRAMMAR = new RegExp(
  `^${number}\\.${number}\\.${number}(-${identifier}(\\.${identifier})*)?(\\+${build}(\\.${build})*)?$`,
);

/** As the rule of the CRD says it. Build metadata orders nothing and may have any number. */
export const COUNTABLE = {
  rule: `self.split('+')[0].split('-', 2).all(part, part.split('.').all(word, !word.matches('^[0-9]+$') || int(word) <= ${Number.MAX_SAFE_INTEGER}))`,
  message: `each number of a version is at most ${Number.MAX_SAFE_INTEGER}`,
} as const;

function isCountable(version: string): boolean {
  const [precedence = ''] = version.split('+');
  // A prerelease begins at the first hyphen; its words may have others.
  const words = precedence.replace('-', '.').split('.');
  return words.every((word) => !/^[0-9]+$/.test(word) || Number(word) <= Number.MAX_SAFE_INTEGER);
}

/**
 * A semantic version 2.0.0 without a leading v, that every part of Pawl can compare: at most 64 characters, each number at
 * most 2^53 - 1.
 */
export const semanticVersionSchema = z
  .string()
  .max(LONGEST)
  .regex(GRAMMAR, 'expected a semantic version (semver.org) such as 1.4.0')
  .refine(isCountable, COUNTABLE.message);

/** Whether text is a {@link semanticVersionSchema}. Objects older than the schema may have another version. */
export const isSemanticVersion = (text: string): boolean => semanticVersionSchema.safeParse(text).success;

/** Whether a semantic version is a prerelease, such as 1.4.0-rc.1. */
export const isPrerelease = (version: string): boolean => (version.split('+')[0] ?? '').includes('-');
