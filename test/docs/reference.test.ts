import { test } from 'vitest';
import { table } from '../../src/cli/commands/table.ts';
import { commandReference } from '../../src/docs/command-reference.ts';
import { fieldReference } from '../../src/docs/reference.ts';
import { expectGenerated } from './page.ts';

test('the page on the config lists the fields of the field table', () => {
  expectGenerated('config', 'fields', fieldReference());
});

test('the page on the commands lists the commands and options of the command line', () => {
  expectGenerated('commands', 'commands', commandReference(table));
});
