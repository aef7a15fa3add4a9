/** One row of the error table. */
interface ErrorCodeRow {
  /** HTTP status at the edge. */
  readonly status: number;
  /** Whether trying the same again later can help. */
  readonly transient: boolean;
  /** What the reader should do, when the place that raises the error has nothing more specific to say. */
  readonly hint: string;
}

const row = (status: number, hint: string, transient = false): ErrorCodeRow => ({ status, hint, transient });

/**
 * Every error code of Pawl, its HTTP status and its general hint: the only place where the two meet.
 * Codes are an API: they are added, never renamed.
 */
export const errorCodes = {
  // The request
  REQUEST_INVALID: row(400, 'Compare the request with the page at /docs.'),
  FILE_MISSING: row(400, 'Send the image in a multipart field named "file", or as the raw body.'),
  FILE_EMPTY: row(400, 'The upload has 0 bytes; check the path of the file that you send.'),
  TOO_MANY_FILES: row(400, 'Send one image to /predict, or several to /predict/batch.'),
  MULTIPART_MALFORMED: row(400, 'Let your HTTP client build the multipart body and its boundary.'),
  UPLOAD_INCOMPLETE: row(400, 'The connection ended before the whole body arrived; send it again.'),
  UPLOAD_FRAGMENTED: row(400, 'Send the body with a Content-Length, or in chunks of at least 1 kB.'),
  ROUTE_UNKNOWN: row(404, 'See /docs for the list of routes.'),
  METHOD_NOT_ALLOWED: row(405, 'See /docs for the methods of this route.'),
  UPLOAD_TIMEOUT: row(408, 'The body arrived too slowly; send it again over a faster connection.'),
  FILE_TOO_LARGE: row(413, 'Send a smaller file.'),
  REQUEST_TOO_LARGE: row(413, 'Send fewer or smaller images in one request.'),
  CONTENT_TYPE_UNSUPPORTED: row(415, 'Send multipart/form-data with a field "file", or the image itself as image/*.'),
  CONTENT_ENCODING_UNSUPPORTED: row(415, 'Send the body as it is, without a Content-Encoding.'),
  EXPECTATION_FAILED: row(417, 'Send the request without Expect, or with "Expect: 100-continue".'),
  CLIENT_CLOSED_REQUEST: row(499, 'The client went away; nothing to do.'),
  // The image
  IMAGE_FORMAT_UNSUPPORTED: row(415, 'Send the image in a format that /docs lists for this route.'),
  IMAGE_UNREADABLE: row(422, 'The file is damaged or incomplete; export it again.'),
  IMAGE_TOO_MANY_PIXELS: row(422, 'Scale the image down before sending it.'),
  IMAGE_TOO_COMPLEX: row(422, 'Scale the image down, or save it as a baseline JPEG, before sending it.'),
  IMAGE_TIMEOUT: row(422, 'The image takes too long to decode; send a smaller or simpler one.'),
  // Feedback
  FEEDBACK_CONFLICT: row(409, 'Nothing to do: the first label of a prediction counts, and later ones change nothing.'),
  PREDICTION_ID_INVALID: row(
    422,
    "Send the prediction_id of the answer unchanged. Pods take each other's ids where they have the same PREDICTION_ID_KEY.",
  ),
  PREDICTION_ID_FROM_FUTURE: row(
    422,
    'Set the clocks of the nodes right (NTP), and send the feedback again later.',
    true,
  ),
  FEEDBACK_LABEL_UNKNOWN: row(422, 'Send one of the labels of the model, or "neither" for a picture of none of them.'),
  FEEDBACK_TOO_OLD: row(422, 'Send feedback sooner, or let the service take older one (FEEDBACK_MAX_AGE_HOURS).'),
  // The service
  OVERLOADED: row(429, 'Try again after the seconds given in Retry-After.', true),
  CLIENT_LIMITED: row(429, 'Send fewer or smaller requests at a time; try again after Retry-After.', true),
  DEADLINE_EXCEEDED: row(
    429,
    'The service is too busy to answer in time; try again after the seconds given in Retry-After.',
    true,
  ),
  INTERNAL: row(500, 'Try again; if it keeps failing, report the request_id to the operator.', true),
  INFERENCE_FAILED: row(500, 'Try again; if it keeps failing, report the request_id to the operator.', true),
  WORKER_CRASHED: row(500, 'Try again: the worker that held this request died and is being replaced.', true),
  SERVICE_STALLED: row(
    503,
    'The service has no CPU to answer with; try again after the seconds given in Retry-After.',
    true,
  ),
  MODEL_NOT_READY: row(503, 'Wait until /readyz answers 200; it says what is missing.', true),
  // The configuration and the model bundle; these reach an operator by the log and /readyz
  CONFIG_INVALID: row(500, 'Set the variable to what was expected and start again.'),
  BUNDLE_URI_INVALID: row(500, 'Use the address of a bundle in a store.'),
  BUNDLE_NOT_FOUND: row(500, 'Check the address and that the bundle was published there.'),
  BUNDLE_ACCESS_DENIED: row(500, 'Check the credentials of this environment.'),
  BUNDLE_STORE_UNREACHABLE: row(500, 'Check the network and that the store is up; it is tried again.', true),
  BUNDLE_MANIFEST_INVALID: row(500, 'Package the bundle again; the message names the field.'),
  BUNDLE_REFERENCE_INVALID: row(
    500,
    'Package the bundle again; the message names the field of its reference statistics.',
  ),
  BUNDLE_FILE_MISSING: row(500, 'Package the bundle again; a file that the manifest lists is not there.'),
  BUNDLE_DIGEST_MISMATCH: row(
    500,
    'The bytes are not the ones that were asked for; check the digest and who wrote to the store.',
  ),
  BUNDLE_TOO_LARGE: row(500, 'Raise the limit if the size is intended.'),
  BUNDLE_SIGNATURE_MISSING: row(500, 'Sign the bundle with the key of this environment.'),
  BUNDLE_SIGNATURE_INVALID: row(500, 'The signature is not by the key of this environment; check both.'),
  BUNDLE_KEY_INVALID: row(
    500,
    'Give an ECDSA P-256 key in PEM, as `openssl ecparam -name prime256v1 -genkey` makes it.',
  ),
  BUNDLE_ALREADY_PUBLISHED: row(500, 'Publish under a new version; a published bundle is never changed.'),
  BUNDLE_STORE_REFUSED: row(
    500,
    'The store answered in a way that trying again does not change; check the address and the store.',
  ),
  BUNDLE_STORE_UNTRUSTED: row(
    500,
    'Name the file of its certificate authority in NODE_EXTRA_CA_CERTS, or use the host name that the certificate bears.',
  ),
  BUNDLE_TOKEN_REALM_REFUSED: row(
    500,
    'If that is the token server of the registry, allow it by REGISTRY_TOKEN_HOSTS=host, separated by commas.',
  ),
  BUNDLE_IMAGE_INVALID: row(500, 'Publish the bundle with `pawl publish`; it makes an image of one tar layer.'),
  BUNDLE_READER_INVALID: row(
    500,
    'What lies beside the image is not of this bundle: see who may write to the registry, and publish the bundle again.',
  ),
  BUNDLE_TARGET_INVALID: row(500, 'Name a new folder, or one that holds a bundle, on a file system with enough space.'),
  MODEL_INCOMPATIBLE: row(
    500,
    'The manifest and the ONNX graph disagree, or the graph cannot be loaded; package it again.',
  ),
  MODEL_EXTERNAL_DATA: row(
    500,
    'Save it as one file, onnx.save_model(onnx.load(FILE), FILE, save_as_external_data=False), and package it again.',
  ),
  GOLDEN_MISMATCH: row(
    500,
    'The model answers differently here than where it was packaged; int8 weights of 8 bits do so on CPUs without VNNI.',
  ),
} as const satisfies Record<string, ErrorCodeRow>;

/** The closed set of error codes. */
export type ErrorCode = keyof typeof errorCodes;
