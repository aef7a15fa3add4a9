import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fetchBundle, resolveBundle } from '@pawl/shared/bundle/fetch-bundle';
import { sizeOfFiles } from '@pawl/shared/bundle/manifest';
import { resolveImage } from '@pawl/shared/bundle/resolve-image';
import { backoffMs, type Backoff } from '@pawl/shared/concurrency/backoff';
import type { Clock } from '@pawl/shared/concurrency/clock';
import { inBackground } from '@pawl/shared/concurrency/in-background';
import { Semaphore } from '@pawl/shared/concurrency/semaphore';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import type { FailureReason, ModelVersion } from '@pawl/shared/modelversion/model-version';
import type { RolloutPolicy } from '@pawl/shared/modelversion/rollout-policy';
import type { Logger } from '../runtime/logger.ts';
import { boundedLineage } from './lineage.ts';
import { attemptOf } from './request-annotations.ts';
import { timestamp } from './time.ts';
import type { Verification } from './facts.ts';

/** How an environment verifies. */
export interface VerifyRules {
  readonly artifact: RolloutPolicy['artifact'];
  /** One public key or several in PEM; when given, the bundle must be signed by the private half of one of them. */
  readonly publicKeyPem?: string | undefined;
}

export interface VerifierOptions {
  /** Folder for bundles while they are verified; each is removed afterwards. */
  readonly directory: string;
  /** Tells that there is more to know about a version. */
  readonly onChange: (version: ModelVersion) => void;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Aborted when the process ends. */
  readonly signal: AbortSignal;
}

/** Bundles fetched at once: a controller has little memory and disk, and need not be fast. */
const AT_ONCE = 2;
/** Longest address of an image volume: a status has room for a reference of 1,024 characters, and a part of one is another image. */
const LONGEST_URI = 'oci://'.length + 1024 - `@sha256:`.length - 64;
const RETRIES: Backoff = { initialDelayMs: 2_000, maxDelayMs: 60_000 };

/**
 * Fetches and verifies bundles in the background, so that a slow store holds up nothing else: a rollback of the same
 * model is decided while the next version is still being fetched. A restart may lose its results: they are made again.
 */
export class Verifier {
  readonly #options: VerifierOptions;
  readonly #known = new Map<string, { readonly key: string; readonly state: Verification }>();
  readonly #turns = new Semaphore(AT_ONCE);

  constructor(options: VerifierOptions) {
    this.#options = options;
  }

  /** The results for the versions of a key, by attempt. Drops the results of other versions of that key. */
  states(key: string, versions: readonly ModelVersion[]): ReadonlyMap<string, Verification> {
    const uids = new Set(versions.map(({ metadata }) => metadata.uid));
    const states = new Map<string, Verification>();
    for (const [attempt, known] of this.#known) {
      if (known.key !== key) continue;
      if (uids.has(attempt.slice(0, attempt.indexOf('/')))) states.set(attempt, known.state);
      else if (known.state.kind !== 'running') this.#known.delete(attempt);
    }
    return states;
  }

  /** Begins; does nothing while a verification of the same attempt is running. */
  start(key: string, version: ModelVersion, rules: VerifyRules): void {
    const attempt = attemptOf(version);
    const before = this.#known.get(attempt)?.state;
    if (before?.kind === 'running') return;
    const attempts = before?.kind === 'unreachable' ? before.attempts : 0;
    this.#known.set(attempt, { key, state: { kind: 'running', before } });
    const verified = this.#turns
      .run(() => this.#verify(version, rules))
      .catch((error: unknown) => this.#judge(error, attempts + 1))
      .then((state) => {
        this.#known.set(attempt, { key, state });
        this.#options.onChange(version);
      });
    inBackground(verified, (error) => {
      this.#options.logger.error({ key, err: error }, 'The result of the verification could not be passed on.');
    });
  }

  async #verify(version: ModelVersion, rules: VerifyRules): Promise<Verification> {
    const { uri } = version.spec.artifact;
    if (rules.artifact.mount === 'image' && !uri.startsWith('oci://'))
      return {
        kind: 'unsupported',
        message: `Only oci:// bundles can be mounted as image volumes, this is ${uri.slice(0, uri.indexOf('://'))}://; set rollout.artifact.mount to fetch`,
      };
    if (rules.artifact.mount === 'image' && uri.length > LONGEST_URI)
      return {
        kind: 'unsupported',
        message: `The address has ${uri.length} characters; one of an image volume may have ${LONGEST_URI}, because a status keeps it with its digest. Publish the bundle under a shorter address, or set rollout.artifact.mount to fetch`,
      };
    const folder = await mkdtemp(join(this.#options.directory, 'verify-'));
    try {
      return await this.#fetch(version, rules, folder);
    } finally {
      await this.#remove(folder);
    }
  }

  /** A folder that stays only costs disk space. */
  async #remove(folder: string): Promise<void> {
    try {
      await rm(folder, { recursive: true, force: true });
    } catch (error) {
      this.#options.logger.warn({ folder, err: error }, 'A folder of a verification could not be removed.');
    }
  }

  async #fetch(version: ModelVersion, { artifact, publicKeyPem }: VerifyRules, folder: string): Promise<Verification> {
    const { uri, digest } = version.spec.artifact;
    const options = {
      directory: join(folder, 'bundle'),
      digest,
      publicKeyPem,
      maxBytes: artifact.maxBytes,
      timeoutMs: artifact.timeoutSeconds * 1000,
      insecureRegistry: artifact.registryPlainHttp,
      s3: { endpoint: artifact.s3Endpoint },
      signal: this.#options.signal,
    };
    // The digest of a tag is looked up once, so that the verified bundle is also the mounted one.
    const image = artifact.mount === 'image' ? await resolveImage(uri, options) : undefined;
    const bundle =
      image === undefined ? await resolveBundle(uri, options) : await fetchBundle(`oci://${image}`, options);
    const { manifest } = bundle;
    if (manifest.name !== version.spec.model)
      return {
        kind: 'refused',
        reason: 'ModelMismatch',
        message: `The bundle is of the model "${manifest.name}"; this version offers it as "${version.spec.model}"`,
      };
    if (manifest.version !== version.spec.version)
      return {
        kind: 'refused',
        reason: 'VersionMismatch',
        message: `The bundle is version ${manifest.version}; this version offers it as ${version.spec.version}`,
      };
    return {
      kind: 'verified',
      artifact: {
        digest,
        version: manifest.version,
        sizeBytes: sizeOfFiles(manifest.files),
        signed: publicKeyPem !== undefined,
        ...(image !== undefined && { image }),
        lineage: boundedLineage(manifest.lineage),
        verifiedAt: timestamp(this.#options.clock.now()),
      },
    };
  }

  /** @param attempts this one included. */
  #judge(error: unknown, attempts: number): Verification {
    const { code, message } =
      error instanceof PawlError ? error : { code: 'INTERNAL' as const, message: ownFault(error) };
    const refused = failures[code];
    if (refused !== undefined) return { kind: 'refused', reason: refused, message };
    if (code === 'BUNDLE_KEY_INVALID') return { kind: 'key-invalid', message };
    const retryAt = this.#options.clock.now() + backoffMs(RETRIES, attempts);
    return { kind: 'unreachable', reason: obstacles[code] ?? 'StoreRefused', message, attempts, retryAt };
  }
}

/** A failure of the controller itself, such as a full disk. */
function ownFault(error: unknown): string {
  const { message = String(error) } = error as { readonly message?: string };
  return `The controller could not verify the bundle: ${message}`;
}

/** Reasons of a failed verification that are not the artifact's fault; every other one is StoreRefused. */
const obstacles: Partial<Record<PawlError['code'], (Verification & { readonly kind: 'unreachable' })['reason']>> = {
  INTERNAL: 'VerifierUnavailable',
  BUNDLE_NOT_FOUND: 'ArtifactNotFound',
  BUNDLE_STORE_UNREACHABLE: 'StoreUnreachable',
  BUNDLE_STORE_UNTRUSTED: 'StoreUntrusted',
};

/** Errors that are the artifact's own fault. Every other error is tried again. */
const failures: Partial<Record<PawlError['code'], FailureReason>> = {
  BUNDLE_URI_INVALID: 'ArtifactInvalid',
  BUNDLE_MANIFEST_INVALID: 'ArtifactInvalid',
  BUNDLE_FILE_MISSING: 'ArtifactInvalid',
  MODEL_EXTERNAL_DATA: 'ArtifactInvalid',
  BUNDLE_TOO_LARGE: 'ArtifactTooLarge',
  BUNDLE_DIGEST_MISMATCH: 'DigestMismatch',
  BUNDLE_SIGNATURE_MISSING: 'SignatureMissing',
  BUNDLE_SIGNATURE_INVALID: 'SignatureInvalid',
};
