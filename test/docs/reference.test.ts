import { test } from 'vitest';
import { table } from '../../src/cli/commands/table.ts';
import { githubPipeline } from '../../src/cli/pipelines/github.ts';
import { gitlabPipeline } from '../../src/cli/pipelines/gitlab.ts';
import { commandReference } from '../../src/docs/command-reference.ts';
import { fieldReference } from '../../src/docs/reference.ts';
import { expectGenerated } from './page.ts';

test('the page on the config lists the fields of the field table', () => {
  expectGenerated('config', 'fields', fieldReference());
});

test('the page on the commands lists the commands and options of the command line', () => {
  expectGenerated('commands', 'commands', commandReference(table));
});

test('the page on GitOps has the pipelines that init writes', () => {
  expectGenerated('gitops', 'github', fence(githubPipeline));
  expectGenerated('gitops', 'gitlab', fence(gitlabPipeline));
});

const fence = (yaml: string): string => `\`\`\`yaml\n${yaml}\`\`\``;
