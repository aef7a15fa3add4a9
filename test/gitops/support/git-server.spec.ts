import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Clone, git } from './git.ts';
import { GitServer, parseHead } from './git-server.ts';

describe('the Git server of the scenarios', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pawl-git-server-'));
  const server = new GitServer(folder, '127.0.0.1');

  beforeAll(async () => {
    await git(folder, 'init', '--quiet', '--bare', '--initial-branch=main', 'some.git');
    await server.start();
  });

  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  it('takes a push and gives it to the next clone, also what Git compresses or sends in chunks', async () => {
    const first = await Clone.make(server.address('some.git'), join(folder, 'first'), 'Ada');
    first.write('a/small.yaml', '# kept\nname: before\nlist: [1]\n');
    // Larger than http.postBuffer, so that Git does not know the length beforehand.
    writeFileSync(
      join(first.folder, 'large.bin'),
      Buffer.from(Array.from({ length: 3 << 20 }, (_, i) => (i * i) % 251)),
    );
    await git(first.folder, 'config', 'http.postBuffer', '65536');
    await git(first.folder, 'checkout', '--quiet', '-b', 'main');
    const commit = await first.commit('Begin');
    await git(first.folder, 'push', '--quiet', 'origin', 'main');

    const second = await Clone.make(server.address('some.git'), join(folder, 'second'), 'Grace');
    expect(await second.head()).toBe(commit);
    second.edit('a/small.yaml', { name: 'after', nested: { list: [2] } });
    expect(second.read('a/small.yaml')).toContain('# kept');
    expect(second.yaml('a/small.yaml')).toEqual({ name: 'after', list: [1], nested: { list: [2] } });
    await second.commit('Rename');
    await second.push();
    await first.pull();
    expect(first.yaml('a/small.yaml')).toMatchObject({ name: 'after' });
  });

  it('refuses a push that others were before of', async () => {
    const [one, other] = [
      await Clone.make(server.address('some.git'), join(folder, 'one'), 'Ada'),
      await Clone.make(server.address('some.git'), join(folder, 'other'), 'Grace'),
    ];
    one.write('one', '');
    other.write('other', '');
    await one.commit('One');
    await other.commit('Other');
    await one.push();
    await expect(other.push()).rejects.toThrow(/rejected|fetch first/);
    await other.pull();
    await other.push();
  });

  it('is away while it is stopped, and back at the same address', async () => {
    const clone = await Clone.make(server.address('some.git'), join(folder, 'third'), 'Ada');
    const address = server.address('some.git');
    await server.stop();
    await expect(clone.pull()).rejects.toThrow(/connect|refused/i);
    await server.start();
    expect(server.address('some.git')).toBe(address);
    await clone.pull();
  });

  it('says 404 for a repository that is not there', async () => {
    const response = await fetch(`${server.address('none.git')}/info/refs?service=git-upload-pack`);
    expect(response.status).toBe(404);
  });

  it('reads the head of a CGI answer', () => {
    expect(parseHead('Status: 403 Forbidden\r\nContent-Type: text/plain')).toEqual({
      status: 403,
      headers: { 'content-type': 'text/plain' },
    });
    expect(parseHead('Expires: now').status).toBe(200);
  });
});
