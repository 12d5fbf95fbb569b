/** What `init` writes as muster.yaml. */
export const starterConfig = `# yaml-language-server: $schema=muster.schema.json
# \`muster schema > muster.schema.json\` writes the schema that an editor needs for help with this file.
# Edit, then: muster reconcile --dry-run (what would change), muster reload (change it).
version: 1

modules:
  # A module that comes with muster.
  heartbeat: builtin:heartbeat

  # A module of yours: a file that exports main(ctx, args).
  greeter:
    module: ./modules/greeter.ts
    config:
      greeting: hello           # delivered to the running module, which can take it without a restart
    requires: [heartbeat]       # runs before this one

  # An OS process: argv, no shell.
  # web:
  #   command: [node, server.js]
  #   env: {PORT: "8080"}
  #   restart: {policy: always, backoff: {initial: 1s, max: 1m}}
  #   ready: {tcp: "127.0.0.1:8080"}   # running once this passes
  #   health: {http: "http://127.0.0.1:8080/health"}
  #   cgroup: {memoryMax: 512M}        # limits of it and all that it starts
  #   onDaemonDeath: keep              # lives on without the daemon; the next one goes on with it
  #   stopTimeout: 10s

policy:
  watch: plan                   # a saved file is checked and planned; \`apply\` also applies it; \`off\`
  maxRemovals: 50%              # a change that drops more is refused without --max-removals
  onFailure: continue           # continue | stop | rollback
`;

/** What `init` writes as modules/greeter.ts. */
export const starterModule = `import type { Context } from 'musterd';

export const name = 'greeter';

export async function main(ctx: Context, args: string[]) {
  // Greets when it starts, and again whenever its config changes: in the same thread.
  const greet = () => ctx.log.info(\`\${ctx.config.greeting} from \${[ctx.name, ...args].join(' ')}\`);
  ctx.onReconfigure(greet);
  greet();
  await ctx.run();
}
`;
