/** Codes of sockets, DNS and TLS, in words that follow "cannot reach X:". */
const connectionWords: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  UND_ERR_SOCKET: 'the connection was cut',
  ENOTFOUND: 'its name is not known',
  EAI_AGAIN: 'its name could not be looked up',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'there is no route to it',
  ETIMEDOUT: 'nothing answered',
  UND_ERR_CONNECT_TIMEOUT: 'nothing answered',
  UND_ERR_HEADERS_TIMEOUT: 'nothing answered',
};

const tlsWords: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is signed by an unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is signed by an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is signed by an unknown authority',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host name',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak TLS',
};

/** Why a request got no answer. */
export interface NetworkProblem {
  readonly kind: 'timeout' | 'tls' | 'connection';
  /** A clause without a full stop. */
  readonly words: string;
  /** The code of Node or OpenSSL, where there is one that is known. */
  readonly code: string | undefined;
}

/** Says why `fetch` threw. */
export function networkProblem(error: unknown): NetworkProblem {
  if ((error as Error).name === 'TimeoutError')
    return { kind: 'timeout', words: 'nothing answered in time', code: undefined };
  const code = codeOf(error);
  const tls = code === undefined ? undefined : tlsWords[code];
  if (tls !== undefined) return { kind: 'tls', words: tls, code };
  const words = code === undefined ? undefined : connectionWords[code];
  return { kind: 'connection', words: words ?? deepestMessage(error), code };
}

interface Link {
  readonly message?: string;
  readonly code?: unknown;
  readonly cause?: unknown;
  /** Of an AggregateError: one error an address that was tried. */
  readonly errors?: readonly Link[];
}

/** An error and its causes, outermost first; by shape, because errors of Node and of a sandbox have different classes. */
function* chain(error: unknown): Generator<Link> {
  for (let at = error, depth = 0; typeof at === 'object' && at !== null && depth < 8; depth += 1) {
    yield at;
    at = (at as Link).cause;
  }
}

function codeOf(error: unknown): string | undefined {
  for (const link of chain(error)) {
    const code = link.errors?.[0]?.code ?? link.code;
    if (typeof code === 'string' && (code in connectionWords || code in tlsWords)) return code;
  }
  return undefined;
}

function deepestMessage(error: unknown): string {
  return [...chain(error)].at(-1)?.message ?? String(error);
}
