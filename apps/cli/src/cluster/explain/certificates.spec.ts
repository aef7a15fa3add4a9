import { evidenceOf } from '../../../test/support/evidence.ts';
import { aTrackPod, aVersion, because } from '../../../test/support/objects.ts';
import { certificateStep } from './certificates.ts';
import { explain } from './explain.ts';

const shows = (what: string) => `the store of oci://registry.example/catdog shows a certificate that ${what}`;
const OWN = shows('is signed by an authority that is not trusted here (SELF_SIGNED_CERT_IN_CHAIN)');

describe('a certificate that is not trusted', () => {
  it.each([
    [OWN, 'trustedCertificates.configMap'],
    [shows('is self-signed, and not trusted here (DEPTH_ZERO_SELF_SIGNED_CERT)'), 'trustedCertificates.configMap'],
    [shows('has expired (CERT_HAS_EXPIRED)'), 'renew the certificate'],
    [shows('is not valid yet (CERT_NOT_YET_VALID)'), 'renew the certificate'],
    [shows('is for another host name (ERR_TLS_CERT_ALTNAME_INVALID)'), 'the host name that the certificate bears'],
    ['tls: failed to verify certificate: x509: certificate signed by unknown authority', 'every node'],
  ])('%s', (message, expected) => {
    expect(certificateStep(message)?.text).toContain(expected);
  });

  it('is none where the store refuses', () => {
    expect(certificateStep('the store refused oci://registry.example/catdog (HTTP 401)')).toBeUndefined();
  });

  it('is told as such, with the value to set, and never as credentials', () => {
    const said = explain(evidenceOf(aVersion('1.4.0', because('Verifying', 'StoreUntrusted', OWN))));
    expect(said.headline).toEqual({
      text: 'catdog 1.4.0 (catdog-1-4-0) is not serving: the certificate of its store is not trusted; set trustedCertificates.configMap where its authority is your own, or renew it',
      tone: 'warn',
    });
    expect(said.summary).toContain('credentials are not the cause');
    expect(said.next[0]?.text).toContain('trustedCertificates.configMap');
    const text = said.next.map((step) => step.text).join(' ');
    expect(text).not.toContain('right to read');
  });

  it('is told of a pod that fetches the bundle, and of an image', () => {
    const said = (message: string, status: object) => {
      const pods = { ok: true as const, value: [aTrackPod('c-1', 'catdog-1-4-0', status)] };
      const version = aVersion('1.4.0', because('Canary', 'CanaryHeldUp', message));
      return explain(evidenceOf(version, { pods, modelPods: pods })).next.map(({ text }) => text);
    };
    const ended = {
      conditions: [],
      containerStatuses: [],
      initContainerStatuses: [
        {
          name: 'fetch-model',
          ready: false,
          restartCount: 2,
          state: { terminated: { exitCode: 1, reason: 'Error', message: OWN } },
        },
      ],
    };
    expect(said('A pod is held up', ended)[0]).toContain('trustedCertificates.configMap of the chart, for');
    expect(said('container inference: ErrImagePull (x509: unknown authority)', {})[0]).toContain('every node');
    expect(said('no node takes it', {})[0]).toContain('see what its pods wait for');
  });
});
