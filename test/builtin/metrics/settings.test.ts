import { expect, test } from 'vitest';
import { settingsOf } from '../../../src/builtin/metrics/settings.ts';

test('without a config it listens on loopback and lets everybody there ask', () => {
  const { listen, token, prefix, allows } = settingsOf({});
  expect({ listen, token, prefix }).toEqual({ listen: { host: '127.0.0.1', port: 9464 }, token: null, prefix: '' });
  expect(allows('127.0.0.1')).toBe(true);
});

test.each([
  ['10.1.2.3', true],
  ['10.255.255.255', true],
  ['11.0.0.1', false],
  ['::ffff:10.1.2.3', true],
  ['::ffff:11.0.0.1', false],
  ['192.0.2.7', true],
  ['192.0.2.8', false],
  ['fd00::1', true],
  ['fe80::1%eth0', true],
  ['fe81::1', false],
  ['2001:db8::1', false],
  ['127.0.0.1', false],
  ['', false],
  ['nonsense', false],
])('of the allowed networks, %s may ask: %s', (address, may) => {
  const { allows } = settingsOf({ listen: '0.0.0.0:1', allow: ['10.0.0.0/8', '192.0.2.7', 'fd00::/8', 'fe80::/16'] });
  expect(allows(address)).toBe(may);
});

test.each([
  [{ listen: '127.0.0.1' }, 'config.listen: an address and a port are wanted, such as 127.0.0.1:9464 or [::1]:9464; found "127.0.0.1"'],
  [{ listen: '9464' }, 'config.listen: an address and a port are wanted'],
  [{ listen: 9464 }, 'config.listen: an address and a port are wanted'],
  [{ listen: '127.0.0.1:65536' }, 'config.listen: an address and a port are wanted'],
  [{ listen: '::1:9464' }, 'config.listen: an address and a port are wanted'],
  [{ listen: '[127.0.0.1]:9464' }, 'config.listen: an address and a port are wanted'],
  [
    { listen: '0.0.0.0:9464' },
    'config.listen: 0.0.0.0:9464 can be reached from other machines: say who may ask (allow: [10.0.0.0/8]), or set a token',
  ],
  [{ listen: '[::]:9464' }, 'can be reached from other machines'],
  [{ listen: 'web1.example.com:9464' }, 'can be reached from other machines'],
  [{ allow: [] }, 'config.allow: a list of networks is wanted'],
  [{ allow: '10.0.0.0/8' }, 'config.allow: a list of networks is wanted'],
  [{ allow: ['10.0.0.0/33'] }, 'config.allow: "10.0.0.0/33" is no network; such as 10.0.0.0/8, 192.0.2.7 or fd00::/8'],
  [{ allow: ['fd00::/129'] }, 'is no network'],
  [{ allow: ['10.0.0/8'] }, 'is no network'],
  [{ allow: ['localhost'] }, 'is no network'],
  [{ allow: [10] }, 'config.allow: 10 is no network'],
  [{ token: '' }, 'config.token: text without blanks is wanted'],
  [{ token: 'two words' }, 'config.token: text without blanks is wanted'],
  [{ token: { secret: 'env:X' } }, 'config.token: text without blanks is wanted'],
  [{ prefix: 'muster' }, 'config.prefix: what paths begin with is wanted, such as /muster; found "muster"'],
  [{ prefix: '/a b' }, 'config.prefix: what paths begin with is wanted'],
  [{ lisen: '127.0.0.1:1' }, 'config.lisen is unknown; did you mean listen?'],
  [{ port: 1 }, 'config.port is unknown; there are listen, allow, token, prefix'],
])('%j is refused', (config, message) => {
  expect(() => settingsOf(config)).toThrow(message);
});

test('all that is wrong is said at once', () => {
  expect(() => settingsOf({ lisen: 1, listen: 1, allow: ['1.2.3.4.5'], token: '', prefix: 1 })).toThrow(
    /config\.lisen .*; config\.listen: .*; config\.allow: .*; config\.token: .*; config\.prefix: /,
  );
});

test('beyond loopback it listens where somebody says who may ask, or what is to be shown', () => {
  expect(settingsOf({ listen: '0.0.0.0:9464', allow: ['10.0.0.0/8'] }).listen).toEqual({ host: '0.0.0.0', port: 9464 });
  expect(settingsOf({ listen: '[::]:9464', token: 'secret' }).listen).toEqual({ host: '::', port: 9464 });
  expect(settingsOf({ listen: '[::1]:0', prefix: '/muster/' })).toMatchObject({ listen: { host: '::1', port: 0 }, prefix: '/muster' });
  expect(settingsOf({ listen: 'localhost:1' }).listen.host).toBe('localhost');
  expect(settingsOf({ listen: '127.8.9.1:1' }).listen.host).toBe('127.8.9.1');
});
