import { expect, test } from 'vitest';
import { findFiles } from '../../src/sources/glob.ts';
import { createTextReader } from '../../src/sources/texts.ts';
import { createPlace } from '../support/place.ts';

const texts = ['conf.d/b.yaml', 'conf.d/a.yaml', 'conf.d/.swp.yaml', 'conf.d/deep/c.yaml', 'a.yaml', 'x1/m.yaml', 'x22/m.yaml'];

test.each(['conf.d/*.yaml', 'conf.d/.*', '*/?.yaml', 'x*/m.yaml', 'x?/m.yaml', 'none/*'])(
  'the pattern %s matches of files that were kept what it matched on the disk',
  async (pattern) => {
    await using place = await createPlace();
    const kept = [];
    for (const file of texts) kept.push({ path: await place.write(file, file), text: file, sha256: file });
    const reader = createTextReader(kept);
    expect(await reader.glob(`${place.dir}/${pattern}`)).toEqual(await findFiles(`${place.dir}/${pattern}`, async () => {}));
  },
);

test('a file that was not kept is not there, whatever is on the disk', async () => {
  const reader = createTextReader([{ path: '/muster.yaml', text: 'version: 1\n', sha256: '0' }]);
  expect((await reader.file('/muster.yaml')).text).toBe('version: 1\n');
  await expect(reader.file('/etc/passwd')).rejects.toMatchObject({ code: 'ENOENT' });
});
