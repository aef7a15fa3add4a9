/**
 * onnxruntime of 1.29 and later writes an id of the machine into the home directory and reports its use to Microsoft, unless
 * this says no before it is loaded (github.com/microsoft/onnxruntime/pull/27379). Whoever wants it sets 0.
 *
 * It has to be set in the main thread: what a worker writes into its environment does not reach native code.
 */
process.env['ORT_DISABLE_TELEMETRY'] ??= '1';
