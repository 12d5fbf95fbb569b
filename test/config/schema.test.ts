import { expect, test } from 'vitest';
import * as z from 'zod';
import { jsonSchema } from '../../src/config/schema.ts';
import { kinds, writableFields } from '../../src/model/fields/table.ts';

interface Schema {
  properties: Record<string, Schema & { description?: string }>;
  $defs: Record<string, Schema>;
}
const document = jsonSchema() as Schema;

test('every field of the table is in the schema, with its description', () => {
  for (const kind of kinds) {
    for (const [name, { doc }] of Object.entries(writableFields(kind))) {
      expect(document.$defs[kind]?.properties[name]?.description, `${kind}.${name}`).toBe(doc);
    }
  }
});

test('every key at the top has a description', () => {
  for (const [name, { description }] of Object.entries(document.properties)) expect(description, name).toMatch(/\w/);
});

test('a config as people write it fits, one with a misspelt key does not', () => {
  const schema = z.fromJSONSchema(document as never);
  const config = {
    version: 1,
    'x-notes': { anything: 1 },
    modulePath: ['./modules'],
    include: ['conf.d/*.yaml'],
    defaults: { code: { stopTimeout: '5s' }, hosts: { service: 'gateway', config: { auth: 'none' } } },
    modules: {
      heartbeat: 'builtin:heartbeat',
      greeter: {
        module: './g.ts',
        args: ['--loud', 1],
        config: { greeting: 'hello' },
        requires: ['heartbeat', { name: 'web', reload: true }],
      },
      web: {
        command: ['node', 'server.js', 8080],
        env: { TOKEN: { secret: 'file:/run/token' }, N: 1, GONE: null },
        ready: { alive: '1s' },
        restart: { policy: 'always', backoff: { initial: '1s', 'x-why': 'slow' } },
        cgroup: { memoryMax: '256M' },
      },
      monit: { package: 'p@^3' },
    },
    hosts: {
      'example.com': {
        ...{ service: 'gateway', module: 'builtin:vhost', config: { auth: 'internal' } },
        components: {
          ...{ 'a.example.com': { module: './a.ts', stopTimeout: '1s' }, 'b.example.com': './b.ts', 'c.example.com': null },
          ...{ 'd.example.com': { proxy: '127.0.0.1:80' }, 'e.example.com': { static: { root: './e' }, config: {} } },
          'f.example.com': { command: ['f'], service: 'none' },
        },
      },
      ...{ 'Example.org.': {}, 'example.net': 'builtin:vhost', gone: null, 'files.example': { static: './files' } },
    },
    policy: { watch: 'apply', maxRemovals: '50%', concurrency: 2 },
  };
  expect(schema.safeParse(config).error).toBeUndefined();
  const { modules } = config;
  for (const bad of [
    { ...config, modlues: {} },
    { ...config, policy: { watch: 'on' } },
    { ...config, modules: { ...modules, web: { ...modules.web, stopTimout: '5s' } } },
    { ...config, modules: { web: { args: [] } } },
    { ...config, modules: { web: { proxy: '127.0.0.1:80' } } },
    { ...config, hosts: { 'example.com': { servce: 'gateway' } } },
    { ...config, hosts: { 'example.com': { components: { a: { args: [] } } } } },
    { ...config, hosts: { 'example.com': { components: { a: { module: 'm', components: {} } } } } },
    { ...config, defaults: { hosts: { components: {} } } },
  ]) {
    expect(schema.safeParse(bad).success).toBe(false);
  }
});
