import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { Machine } from './support/machine.ts';

let machine: Machine;
beforeEach(async () => {
  machine = await Machine.create(['curl', 'node']);
});
afterEach(() => machine.delete());
const notify = async (url: string, text = 'pawl 1.2.0 is in production', env: Readonly<Record<string, string>> = {}) =>
  await machine.run('notify.sh', [text], { NOTIFY_URL: url, ...env });

/** A webhook that answers with a status, and what it was sent. */
async function aWebhook(status = 200) {
  const bodies: string[] = [];
  const server = createHttpServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      bodies.push(body);
      response.writeHead(status).end();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/services/T0/of-a-secret`, bodies, [Symbol.dispose]: () => server.close() };
}

/** A mail server that takes one message, and what it was told (https://www.rfc-editor.org/rfc/rfc5321). */
async function aMailServer() {
  const lines: string[] = [];
  const server = createServer((socket) => {
    let inData = false;
    socket.write('220 mail.example\r\n');
    socket.on('data', (part) => {
      for (const line of part.toString().split('\r\n').slice(0, -1)) {
        lines.push(line);
        if (inData && line !== '.') continue;
        if (line === 'DATA') socket.write('354 go on\r\n');
        else socket.write(line === 'QUIT' ? '221 bye\r\n' : '250 ok\r\n');
        inData = line === 'DATA';
      }
    });
    socket.on('error', () => undefined);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, lines, [Symbol.dispose]: () => server.close() };
}

describe('a notification', () => {
  it('goes to a webhook as JSON, whatever is in the text', async () => {
    using webhook = await aWebhook();
    const text = 'it said "no"\nand $(touch injected) \\ `x`';
    const { code, out } = await notify(webhook.url, text);
    expect([code, out]).toEqual([0, 'told\n']);
    expect(webhook.bodies.map((body) => JSON.parse(body) as unknown)).toEqual([{ text }]);
  });

  it('goes by e-mail, with one line as its subject', async () => {
    using mail = await aMailServer();
    const url = `smtp://127.0.0.1:${mail.port}/?from=ci@example&to=ops@example`;
    const { code, out } = await notify(url, 'it failed\nBcc: all@example');
    expect([code, out]).toEqual([0, 'told\n']);
    expect(mail.lines).toEqual(expect.arrayContaining(['Subject: it failed', 'To: ops@example']));
    expect(mail.lines.some((line) => line.startsWith('MAIL FROM:<ci@example>'))).toBe(true);
    expect(mail.lines.indexOf('Bcc: all@example')).toBeGreaterThan(mail.lines.indexOf(''));
  });

  it('that is lost fails nothing, and the secret stays one', async () => {
    using webhook = await aWebhook(404);
    const { code, out, err } = await notify(webhook.url);
    expect([code, err]).toEqual([0, 'warning: nobody was told: curl ended with 22 [NOTIFY_FAILED]\n']);
    expect(out + err).not.toContain('of-a-secret');
  });

  it('is in no argument of a program', async () => {
    await machine.delete();
    machine = await Machine.create(['node']);
    await machine.stub('curl', 'cat >/dev/null');
    await notify('https://hooks.example/services/T0/of-a-secret');
    const calls = await machine.calls();
    expect(calls).toHaveLength(1);
    expect(calls[0]).not.toContain('of-a-secret');
  });

  it('hides on GitHub each part of the secret before anything else is written', async () => {
    const { out } = await notify('smtps://ci:pass@word@127.0.0.1:1/?from=a&to=b', 'x', { GITHUB_ACTIONS: 'true' });
    expect(out.split('\n')[0]).toBe('::add-mask::smtps://ci:pass@word@127.0.0.1:1/?from=a&to=b');
    expect(out).toContain('\n::add-mask::pass');
    expect(out).toContain('::warning::nobody was told');
  });

  it.each([
    ['http://hooks.example/x', 'NOTIFY_INSECURE'],
    ['http://localhost@hooks.example/x', 'NOTIFY_INSECURE'],
    ['smtps://mail.example', 'NOTIFY_INVALID'],
    ['ftp://mail.example/', 'NOTIFY_INVALID'],
  ])('is not sent to %s', async (url, expected) => {
    await machine.delete();
    machine = await Machine.create(['node']);
    await machine.stub('curl');
    const { code, err } = await notify(url);
    expect([code, err]).toEqual([0, expect.stringContaining(`[${expected}]`)]);
    expect(await machine.calls()).toEqual([]);
  });

  it('needs a text, and a place', async () => {
    expect(await notify('', 'x')).toMatchObject({ code: 0, out: 'nobody is told: NOTIFY_URL is not set\n' });
    expect((await notify('https://hooks.example/x', '')).err).toContain('[USAGE]');
  });

  it('asks for encryption of a mail server elsewhere', async () => {
    await machine.delete();
    machine = await Machine.create(['node']);
    await machine.stub('curl', 'cat >/dev/null');
    await notify('smtp://mail.example/?from=a@x&to=b@x');
    expect((await machine.calls())[0]).toContain('--ssl-reqd');
  });
});
