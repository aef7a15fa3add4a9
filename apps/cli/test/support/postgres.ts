import { execFileSync, type SpawnOptions } from 'node:child_process';
import { chmod, chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@pawl/test-kit/free-port';
import { startServer, type Server } from '@pawl/test-kit/server-process';

/** A PostgreSQL of the test's own; nothing of it stays. */
export interface Postgres extends AsyncDisposable {
  /** SQLAlchemy's address of its database. */
  readonly url: string;
}

/** @param bin folder with `initdb` and `postgres`. */
export async function startPostgres(bin: string): Promise<Postgres> {
  const folder = await mkdtemp(join(tmpdir(), 'pawl-postgres-'));
  const identity = unprivileged();
  if (identity.uid !== undefined && identity.gid !== undefined) await chown(folder, identity.uid, identity.gid);
  await chmod(folder, 0o700);
  const data = join(folder, 'data');
  execFileSync(join(bin, 'initdb'), ['-D', data, '-U', 'pawl', '--auth=trust', '--no-sync', '--encoding=UTF8'], {
    ...identity,
    cwd: folder,
    stdio: 'pipe',
  });
  const port = await freePort();
  const server: Server = await startServer({
    command: join(bin, 'postgres'),
    arguments: ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', folder, '-F'],
    port,
    identity: { ...identity, cwd: folder },
    isReady: () => {
      try {
        execFileSync(join(bin, 'pg_isready'), ['-h', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
        return true;
      } catch {
        return false;
      }
    },
  });
  return {
    url: `postgresql+psycopg2://pawl@127.0.0.1:${port}/postgres`,
    [Symbol.asyncDispose]: async () => {
      await server.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** PostgreSQL does not run as root: its own user does, which Debian's package makes. */
function unprivileged(): Pick<SpawnOptions, 'uid' | 'gid'> & { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}
