import { retryAfter, size } from './format.js';

/**
 * The service as the page sees it: every way a request can end becomes either an answer or a problem that is ready to
 * be shown, `{title, message, hint, code, requestId, retry, wait}`. `retry` says that the same picture may work later,
 * `wait` for how many seconds the service asked to be left alone.
 */

/** What the service takes; checked here first so that nobody waits for an upload that is refused. */
export const MAX_BYTES = 10_000_000;

const GIVE_UP_MS = 60_000;

function networkProblem(error) {
  if (error.name === 'TimeoutError') {
    return {
      title: 'No answer came.',
      message: `The service did not answer within ${GIVE_UP_MS / 1000} seconds.`,
      hint: 'The connection may be slow, or the service is overloaded. Try again, or send a smaller picture.',
      retry: true,
    };
  }
  if (navigator.onLine === false) {
    return {
      title: 'You are offline.',
      message: 'This device has no network connection.',
      hint: 'Connect to a network, then try again.',
      retry: true,
    };
  }
  return {
    title: "Can't reach the service.",
    message: 'The connection failed before an answer came.',
    hint: 'Check that the service is running and that a port-forward or VPN to it is still open, then try again.',
    retry: true,
    unreachable: true,
  };
}

function titleFor(status, code) {
  if (code === 'MODEL_NOT_READY') return 'The model is still loading.';
  if (status === 429) return 'It is busy right now.';
  if (status === 503) return 'Not available right now.';
  if (status >= 500) return 'Something broke in the service.';
  return "This one didn't work.";
}

async function problemFrom(response) {
  const { status } = response;
  const body = await response.json().catch(() => undefined);
  const error = body?.error ?? {
    message: `The answer was HTTP ${status} without an explanation.`,
    hint: 'Something between this page and the service, such as a proxy, may have answered in its place.',
  };
  return {
    title: titleFor(status, error.code),
    message: error.message,
    hint: error.hint,
    code: error.code,
    requestId: error.request_id ?? response.headers.get('x-request-id') ?? undefined,
    retry: status === 429 || status >= 500,
    wait: retryAfter(response.headers.get('retry-after'), Date.now()),
    loading: error.code === 'MODEL_NOT_READY',
  };
}

/** Undefined when the file can be sent; a folder or a file that has gone fails here rather than as a broken upload. */
async function problemBefore(blob) {
  try {
    await blob.slice(0, 1).arrayBuffer();
  } catch {
    return {
      title: "Can't read this file.",
      message: 'The browser was not able to open it.',
      hint: 'If it is a folder, drop the pictures inside it. If the file was moved or changed, choose it again.',
    };
  }
  if (blob.size <= MAX_BYTES) return undefined;
  return {
    title: 'Too large to send.',
    message: `The picture has ${size(blob.size)}; the service takes at most ${size(MAX_BYTES)}.`,
    hint: 'Nothing was uploaded.',
    tooLarge: true,
  };
}

/** Asks about one picture; resolves to `{body, milliseconds}` or `{problem}`, and never rejects. */
export async function predict(blob, name) {
  const before = await problemBefore(blob);
  if (before) return { problem: before };
  const form = new FormData();
  form.append('file', blob, name);
  const started = performance.now();
  try {
    const response = await fetch('predict', {
      method: 'POST',
      body: form,
      headers: { accept: 'application/json' },
      signal: window.AbortSignal.timeout(GIVE_UP_MS),
    });
    if (!response.ok) return { problem: await problemFrom(response) };
    const body = await response.json();
    return { body, milliseconds: performance.now() - started };
  } catch (error) {
    if (error instanceof SyntaxError) {
      return {
        problem: {
          title: 'That is no answer.',
          message: 'The reply was not JSON.',
          hint: 'Something between this page and the service, such as a proxy, may have answered in its place.',
          retry: true,
        },
      };
    }
    return { problem: networkProblem(error) };
  }
}

/**
 * How the service is: `state` is `ready`, `loading` (up, but the model is not), `failed` (the model will not load by
 * itself soon) or `unreachable`; with the model's name and version where known.
 */
export async function readiness() {
  const ask = (path) => fetch(path, { cache: 'no-store', signal: window.AbortSignal.timeout(5_000) });
  try {
    const response = await ask('readyz');
    // A proxy in front of the service may keep its probes inside.
    if (response.status === 403 || response.status === 404) {
      const health = await ask('health').then((answer) => answer.json());
      return { state: health.model_loaded === true ? 'ready' : 'loading' };
    }
    const body = await response.json().catch(() => ({}));
    const state = response.ok ? 'ready' : body.state === 'failed' ? 'failed' : 'loading';
    return { state, model: body.model, version: body.version };
  } catch {
    return { state: 'unreachable' };
  }
}
