import type { NextStep } from './explanation.ts';

/** What to do where the authority of a certificate is not one that everybody trusts. */
export const trustAuthority: NextStep = {
  text: 'if the authority of its certificate is your own, put the certificate of that authority (PEM) into a ConfigMap, name that in trustedCertificates.configMap of the chart, for the controller and the pods, and upgrade; it then goes on by itself',
};

/** What to do about a certificate that a message tells of, by the words of the stores and of container runtimes; undefined: it tells of none. */
export function certificateStep(message: string): NextStep | undefined {
  // Images are pulled by the nodes, which no value of the chart reaches.
  if (/\bx509:/.test(message))
    return {
      text: "let the container runtime of every node trust the certificate of the image's registry; the nodes pull images, and trustedCertificates.configMap of the chart does not reach them",
    };
  if (!message.includes('shows a certificate that')) return undefined;
  if (message.includes('is for another host name'))
    return {
      text: 'use the host name that the certificate bears in the address, or give the store a certificate for this one',
    };
  if (/certificate that (has expired|is not valid yet|was revoked)/.test(message))
    return { text: 'renew the certificate of the store, and check its clock; it then goes on by itself' };
  return trustAuthority;
}
