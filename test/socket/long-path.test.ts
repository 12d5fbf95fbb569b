import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { addressOf } from '../../src/socket/address.ts';
import { connect } from '../../src/socket/client.ts';
import { serveSocket } from '../../src/socket/server.ts';
import { quiet } from '../support/quiet.ts';

let dir = '';

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'muster-long-'));
});

afterAll(() => rm(dir, { recursive: true, force: true }));

it.each([90, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 250, 2000])(
  'listens and connects where the path has %i bytes',
  async (length) => {
    const folder = await folderOf(length - '/muster.sock'.length);
    const path = join(folder, 'muster.sock');
    expect(Buffer.byteLength(path)).toBe(length);
    const server = await serveSocket({ path, onRequest: ({ payload }, reply) => reply.send(payload), log: quiet });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const client = await connect({ path });
    expect(await client.request('muster.ping', length)).toBe(length);
    client.close();
    await server.close();
    expect(await readdir(folder)).not.toContain('muster.sock');
    await expect(connect({ path })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  },
);

it('says how long a path may be where there is no way around it', () => {
  expect(() => addressOf(join('/', 'x'.repeat(200), 'muster.sock'), join(dir, 'nowhere'))).toThrowError(
    expect.objectContaining({ code: 'EINVAL', message: expect.stringContaining('103') }),
  );
});

/** A folder whose path has exactly so many bytes. */
async function folderOf(length: number): Promise<string> {
  let path = dir;
  while (path.length < length) {
    const rest = length - path.length;
    path += `/${'d'.repeat(rest > 200 ? 100 : rest - 1)}`;
  }
  await mkdir(path, { recursive: true });
  return path;
}
