import { createHmac } from 'node:crypto';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { serveWebhook } from '../../../src/sources/git/webhook.ts';
import { proofOf } from '../../../src/sources/git/webhook-signature.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { quiet } from '../../support/quiet.ts';

const body = Buffer.from('{"ref":"refs/heads/main"}');
const sign = (secret: string, bytes: Uint8Array = body) => createHmac('sha256', secret).update(bytes).digest('hex');

async function served(secrets: { now: string } = { now: 'hush' }) {
  const pushes: string[] = [];
  const clock = createFakeClock();
  const webhook = await serveWebhook({
    webhook: { listen: '127.0.0.1:0', secret: { secret: 'text:x' } },
    secret: async () => secrets.now,
    onPush: () => void pushes.push('push'),
    clock,
    log: quiet,
  });
  onTestFinished(() => webhook.close());
  const ask = (headers: Record<string, string>, bytes: Uint8Array = body, method = 'POST') =>
    new Promise<number>((resolve, reject) => {
      const asked = request(`http://${webhook.address}/whatever`, { method, headers, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      asked.on('error', reject);
      asked.end(method === 'GET' ? undefined : bytes);
    });
  return { ask, pushes, clock, webhook };
}

test.each([
  ['GitHub', { 'X-Hub-Signature-256': `sha256=${sign('hush')}` }],
  ['Gitea', { 'X-Gitea-Signature': sign('hush') }],
  ['Forgejo', { 'X-Forgejo-Signature': sign('hush'), 'X-Hub-Signature-256': `sha256=${sign('hush')}` }],
  ['GitLab', { 'X-Gitlab-Token': 'hush' }],
])('a push that %s tells of is taken', async (_, headers) => {
  const { ask, pushes } = await served();
  expect(await ask(headers)).toBe(204);
  expect(pushes).toEqual(['push']);
});

test('what is not signed with the secret is refused, whichever way', async () => {
  const { ask, pushes } = await served();
  const bad: Record<string, string>[] = [
    {},
    { 'X-Hub-Signature-256': sign('hush') },
    { 'X-Hub-Signature-256': `sha256=${sign('other')}` },
    { 'X-Hub-Signature': `sha1=${sign('hush')}` },
    { 'X-Gitlab-Token': 'hus' },
    { 'X-Gitlab-Token': '' },
    { 'X-Gitea-Signature': sign('hush', Buffer.from('other')) },
    { 'X-Gitlab-Token': 'hush', 'X-Gitea-Signature': 'x' },
  ];
  for (const headers of bad) expect(await ask(headers), JSON.stringify(headers)).toBe(401);
  expect(pushes).toEqual([]);
});

test('only POST is answered, and no body above 1 MiB is read', async () => {
  const { ask, pushes, webhook } = await served();
  expect(await ask({ 'X-Gitlab-Token': 'hush' }, body, 'GET')).toBe(405);
  expect(await ask({ 'X-Gitlab-Token': 'hush' }, body, 'PUT')).toBe(405);
  const large = Buffer.alloc(2 ** 20 + 1, 'x');
  const announced = await ask({ 'X-Gitlab-Token': 'hush' }, large).catch(() => 413); // it may be cut off while it is sent
  expect(announced).toBe(413);
  const status = await new Promise<number>((resolve) => {
    const asked = request(
      `http://${webhook.address}/`,
      { method: 'POST', headers: { 'X-Gitlab-Token': 'hush' }, agent: false },
      (response) => resolve(response.statusCode ?? 0),
    );
    asked.on('error', () => {});
    // Without a length: in pieces, and never at an end.
    for (let piece = 0; piece < 17; piece += 1) asked.write(Buffer.alloc(2 ** 16, 'x'));
  });
  expect(status).toBe(413);
  expect(await ask({ 'X-Gitlab-Token': 'hush' }, Buffer.alloc(2 ** 20, 'x'))).toBe(204);
  expect(pushes).toHaveLength(1);
});

test('requests of one second are bounded, good ones too; a second later they are taken again', async () => {
  const { ask, pushes, clock } = await served();
  const answers: number[] = [];
  for (let turn = 0; turn < 22; turn += 1) answers.push(await ask({ 'X-Gitlab-Token': 'hush' }));
  expect(answers.slice(0, 20)).toEqual(Array(20).fill(204));
  expect(answers.slice(20)).toEqual([429, 429]);
  await clock.advance(1000);
  expect(await ask({ 'X-Gitlab-Token': 'hush' })).toBe(204);
  expect(pushes).toHaveLength(21);
});

test('a secret that was changed holds from then on', async () => {
  const secrets = { now: 'hush' };
  const { ask } = await served(secrets);
  expect(await ask({ 'X-Gitlab-Token': 'hush' })).toBe(204);
  secrets.now = 'other';
  expect(await ask({ 'X-Gitlab-Token': 'hush' })).toBe(401);
  expect(await ask({ 'X-Gitlab-Token': 'other' })).toBe(204);
});

test('a secret that cannot be read is no reason to believe anybody', async () => {
  const pushes: string[] = [];
  const webhook = await serveWebhook({
    webhook: { listen: '127.0.0.1:0', secret: { secret: 'text:x' } },
    secret: () => Promise.reject(new Error('gone')),
    onPush: () => void pushes.push('push'),
    clock: createFakeClock(),
    log: quiet,
  });
  onTestFinished(() => webhook.close());
  const answer = await fetch(`http://${webhook.address}`, { method: 'POST', body, headers: { 'X-Gitlab-Token': '' } });
  expect([answer.status, pushes]).toEqual([503, []]);
});

test('an empty secret proves nothing', () => {
  expect(proofOf({ 'x-gitlab-token': '' }, body, '')).toBe('bad');
  expect(proofOf({ 'x-gitea-signature': sign('') }, body, '')).toBe('bad');
});

test('where another program listens it says so, and what to do', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  onTestFinished(() => void other.close());
  const { port } = other.address() as { port: number };
  const asked = { listen: `127.0.0.1:${port}`, secret: { secret: 'text:x' } };
  const served = serveWebhook({ webhook: asked, secret: async () => 'x', onPush() {}, clock: createFakeClock(), log: quiet });
  await expect(served).rejects.toMatchObject({
    code: 'EBUSY',
    message: `source.git.webhook cannot listen at 127.0.0.1:${port}: another program listens there (EADDRINUSE)`,
    hint: expect.stringContaining('listen'),
  });
});
