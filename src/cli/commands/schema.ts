import type { Definition } from '../command.ts';
import { printJson } from '../output.ts';

export const schema: Definition = {
  name: 'schema',
  summary: 'print the JSON Schema of the config file',
  details: 'Editors use it by a first line in the config: # yaml-language-server: $schema=muster.schema.json',
  examples: ['muster schema > muster.schema.json'],
  async run(call) {
    const { schemaDocument } = await import('../../offline/main.ts');
    printJson(call, schemaDocument());
    return 0;
  },
};
