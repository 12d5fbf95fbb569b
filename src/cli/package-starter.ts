/** The files that `init package NAME` writes. */
export function packageStarter(name: string): readonly (readonly [file: string, text: string])[] {
  return [
    [`${name}/package.json`, manifest(name)],
    [`${name}/index.js`, program(name)],
    [`${name}/.gitignore`, 'node_modules/\n*.log\n'],
  ];
}

function manifest(name: string): string {
  const content = {
    name,
    version: '0.1.0',
    description: 'A module for muster, and for PM2',
    apps: [{ name, script: 'index.js' }],
    config: { every: 10 },
    keywords: ['muster-module', 'pm2-module'],
    license: 'MIT',
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

function program(name: string): string {
  return `// muster install ./${name}     runs it here, and again with each save
// muster logs -f ${name}
// npm publish                  then: muster install ${name}

// \`config\` of package.json under what the config file says. Each key is a variable of its own, too.
const config = JSON.parse(process.env['${name}'] ?? '{"every": 10}');

const timer = setInterval(() => console.log('still here'), config.every * 1000);
console.log('started with', config);

// Asked to stop: be done before \`stopTimeout\`.
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    clearInterval(timer);
    console.log('stopped');
    process.exit(0);
  });
}
`;
}
