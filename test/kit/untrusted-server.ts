import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** A key that is no secret: it is this file's alone, for 127.0.0.1. */
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg5GlZXliCh5HbItR4
5Vq07b3acLrmkHevwBkCQSqcKCehRANCAASqCjw81cBO+OGRbuu8BiE7uGJrAFkm
irBY8gNd+gdmeK2Sh/MJ7Ts38bDhy4wVyyeJUWiCUK5PGAnHnX36A1Y8
-----END PRIVATE KEY-----`;

/** Self-signed, until the year 2126. */
const cert = `-----BEGIN CERTIFICATE-----
MIIBkDCCATagAwIBAgIUFhKcAjeBao68lbT5Zqo+uZpW+zYwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJcGF3bCB0ZXN0MCAXDTI2MTEyOTA3NDg1NloYDzIxMjYxMTA1
MDc0ODU2WjAUMRIwEAYDVQQDDAlwYXdsIHRlc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASqCjw81cBO+OGRbuu8BiE7uGJrAFkmirBY8gNd+gdmeK2Sh/MJ7Ts3
8bDhy4wVyyeJUWiCUK5PGAnHnX36A1Y8o2QwYjAdBgNVHQ4EFgQUnj1ZKnmC9Jop
H485Zlb5zl9kUzwwHwYDVR0jBBgwFoAUnj1ZKnmC9JopH485Zlb5zl9kUzwwDwYD
VR0TAQH/BAUwAwEB/zAPBgNVHREECDAGhwR/AAABMAoGCCqGSM49BAMCA0gAMEUC
ID4zD9B0PEj6QG2WsAs21AxnrZ+Kcf0bxKszUBdOdzELAiEAuJxO/IxtgZLOTjw4
u4l/vw3o3aHPeYVWBCPfiQcptkA=
-----END CERTIFICATE-----`;

/** The key and the certificate, for servers that a test's process is told to trust. */
export const ownCertificate = { key, cert } as const;

/** A server whose certificate nobody here trusts: no request ever reaches it. */
export async function startUntrusted(): Promise<{ readonly host: string; close(): Promise<void> }> {
  const server = createServer(ownCertificate, (_, response) => {
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
