import { clusterLock } from './cluster-lock.ts';
import { type Kind, type Offer, publish } from './bundles.ts';
import { TestEnvironment, type EnvironmentOptions } from './environment.ts';
import { type Load, startLoad } from './load.ts';
import { dump, type Fixture } from './scenario.ts';

/** Requests a second: three files at once are to leave two small cores half of their time for everything else. */
export const RATE = 8;

/** Longest to prepare a file, with the wait for those who have the cluster alone. */
const SETTING_TIMEOUT_MS = 1_800_000;

export interface SetUpOptions extends EnvironmentOptions {
  /** False: nothing serves yet and nothing is sent. */
  readonly serves?: boolean;
  /**
   * True: nobody else works on the cluster from the beginning of the file to its end, because it harms the control plane or
   * the node. Such a file is named `.alone.`, so that it comes last.
   */
  readonly alone?: boolean;
  /** Where to send instead of the Service. */
  readonly load?: (env: TestEnvironment) => Promise<Load>;
}

/** A version that was offered. */
export interface Offered extends Offer {
  /** Name of the ModelVersion. */
  readonly name: string;
}

/** What the scenarios of one file share. */
export interface Prepared {
  readonly fixture: () => Fixture;
  /** Version 1.0.0, which serves when the first scenario begins. */
  readonly first: string;
  /** Publishes weights under the next higher version and offers them. */
  readonly offer: (kind: Kind, options?: OfferOptions) => Promise<Offered>;
  /** A version that nobody has used yet, published but not offered. */
  readonly publish: (kind: Kind, options?: OfferOptions) => Promise<Offer>;
}

interface OfferOptions {
  readonly signed?: boolean;
  readonly suspend?: boolean;
  readonly uri?: (uri: string) => string;
  readonly digest?: string;
}

/** Prepares a file: a release with weights that serve, under load. Taken down when the file is through. */
export function prepare(options: SetUpOptions = {}): Prepared {
  let fixture: Fixture | undefined;
  let env: TestEnvironment | undefined;
  let release: (() => void) | undefined;
  let minor = 0;
  const theFixture = () => {
    if (fixture === undefined) throw new Error('nothing was prepared; see the failure of beforeAll');
    return fixture;
  };
  const publishNext = async (kind: Kind, { signed = false }: OfferOptions = {}) => {
    const offer = await publish(kind, `1.${minor}.0`, { signed });
    minor += 1;
    return offer;
  };
  const offerNext = async (kind: Kind, more: OfferOptions = {}) => {
    const offer = await publishNext(kind, more);
    const { suspend, digest, uri } = more;
    const name = await theEnvironment().offer(offer, {
      ...(suspend === undefined ? {} : { suspend }),
      ...(digest === undefined ? {} : { digest }),
      ...(uri === undefined ? {} : { uri: uri(offer.uri) }),
    });
    return { ...offer, name };
  };
  const theEnvironment = () => {
    if (env === undefined) throw new Error('there is no environment yet');
    return env;
  };

  beforeAll(async () => {
    const lock = await clusterLock();
    if (options.alone === true) release = await lock.take('alone');
    await lock.during('shared', set);
  }, SETTING_TIMEOUT_MS);

  const set = async () => {
    env = await TestEnvironment.create(options);
    try {
      if (options.serves !== false) {
        const first = await offerNext('good', { signed: options.values?.['publicKey'] !== undefined });
        await env.waitForPhase(first.name, 'Serving');
      }
      const rate = options.serves === false ? 0 : RATE;
      const start =
        options.load ??
        (async (on) => startLoad(on.cluster, on.namespace, { target: await on.serviceAddress(), rate }));
      fixture = { env, load: await start(env) };
    } catch (error) {
      const file = await dump('setup', { env, from: 0, since: 0 });
      throw new Error(
        `the environment could not be prepared: ${error instanceof Error ? error.message : String(error)}; see ${file}`,
        { cause: error },
      );
    }
  };

  beforeEach(async () => {
    const on = fixture;
    if (on !== undefined) await (await clusterLock()).during('shared', () => tidy(on));
  }, SETTING_TIMEOUT_MS);

  const tidy = async (on: Fixture) => {
    // What an earlier scenario left behind, whether it passed or not, is no part of the next one.
    const versions = await on.env.versions();
    const serving = versions.find(({ status }) => status?.phase === 'Serving');
    // One that was superseded is at rest, and what a deletion returns to.
    for (const { metadata, status } of versions)
      if (status?.phase !== 'Serving' && status?.phase !== 'Superseded') await on.env.delete(metadata.name);
    if (serving !== undefined) await on.env.settle();
  };

  afterAll(async () => {
    try {
      await fixture?.load.stop();
      await env?.destroy();
    } finally {
      release?.();
    }
  });

  return { fixture: theFixture, first: 'catdog-1-0-0', offer: offerNext, publish: publishNext };
}
