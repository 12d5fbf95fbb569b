// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how a config refers to variables
import { expect, test } from 'vitest';
import { compileText, found } from './setting.ts';

const bomb = [
  'a: &a [x, x, x, x, x, x, x, x, x]',
  ...'bcdefghij'.split('').map((name, index) => {
    const below = `*${'abcdefghij'[index]}`;
    return `${name}: &${name} [${Array(9).fill(below).join(', ')}]`;
  }),
];

/** What is wrong -> the text and the findings, in order. To add a case add a line. */
const table: Record<string, [text: string, ...findings: string[]]> = {
  // YAML
  'a file of comments only': ['# nothing\n', '1:1 emptyFile'],
  'an empty file': ['', '1:1 emptyFile'],
  'a list': ['- a\n', '1:1 wrongType'],
  'a scalar': ['hello\n', '1:1 wrongType'],
  'a tab that indents': ['version: 1\nmodules:\n\ta: m\n', '3:1 tabIndent'],
  'a tab that indents further in': ['version: 1\nmodules:\n  a:\n  \tmodule: m\n', '4:3 tabIndent'],
  'a second document': ['version: 1\nmodules: {}\n---\nmodules: {}\n', '3:1 multipleDocuments'],
  'a key twice': ['version: 1\nversion: 1\nmodules: {}\n', '2:1 duplicateKey'],
  'a module twice': ['version: 1\nmodules:\n  a: m\n  b: m\n  a: n\n', '5:3 duplicateKey'],
  'a cgroup that leads elsewhere': [
    'version: 1\nmodules: {a: {command: [c], cgroup: {path: ../b, base: /c}}}\n',
    '2:44 badValue',
    '2:56 badValue',
  ],
  'a limit of a cgroup that is none, or is set twice': [
    'version: 1\nmodules:\n  a: {command: [c], cgroup: {raw: {cgroup.kill: "1"}}}\n  b: {command: [c], cgroup: {pidsMax: 5, raw: {pids.max: "6"}}}\n',
    '3:36 badKey',
    '4:58 badValue',
  ],
  'a soft limit above the hard one': [
    'version: 1\nmodules: {a: {command: [c], rlimits: {core: "5:3", cpu: "unlimited:3"}}}\n',
    '2:45 badValue',
    '2:57 badValue',
  ],
  'an exit code that no process has': ['version: 1\nmodules: {a: {command: [c], exitStatus: {success: [256]}}}\n', '2:52 badValue'],
  'an empty working folder': ['version: 1\nmodules: {a: {command: [c], cwd: ""}}\n', '2:34 badValue'],
  'an open quote': ['version: 1\nmodules: {a: "m}\n', '3:1 syntax', '3:1 syntax'],
  'an open bracket': ['version: 1\nmodules: {a: m\n', '3:1 syntax'],
  'a bad indent': ['version: 1\nmodules:\n    a: m\n  b: m\n', '4:1 syntax'],
  'a number as a key': ['version: 1\nmodules:\n  8080: m\n', '3:3 nonStringKey'],
  'no key': ['version: 1\nmodules: {? : m}\n', '2:13 nonStringKey'],
  'a list as a key': ['version: 1\nmodules: {[a]: m}\n', '2:11 nonStringKey'],
  'true as a key': ['version: 1\nmodules: {a: {module: m, env: {true: x}}}\n', '2:32 nonStringKey'],
  'the key __proto__': ['version: 1\nmodules: {a: {module: m, config: {__proto__: {x: 1}}}}\n', '2:35 reservedKey'],
  'the key constructor': ['version: 1\nmodules:\n  constructor: m\n', '3:3 reservedKey'],
  'a tag': ['version: 1\nmodules: {a: !js/function m}\n', '2:14 unknownTag'],
  'a known tag of YAML 1.1': ['version: 1\nmodules: {a: {module: m, config: {x: !!binary aGk=}}}\n', '2:38 unknownTag'],
  infinity: ['version: 1\nmodules: {a: {module: m, config: {x: .inf}}}\n', '2:38 nonFinite'],
  'not a number': ['version: 1\nmodules: {a: {module: m, config: {x: -.NaN, y: .nan}}}\n', '2:48 nonFinite'],
  'a number beyond numbers': ['version: 1\nmodules: {a: {module: m, config: {x: 1e999}}}\n', '2:38 nonFinite'],
  'an alias to nothing': ['version: 1\nmodules: {a: *nope}\n', '2:14 badAlias'],
  'an alias within what it names': ['version: 1\nx-a: &a {b: *a}\nmodules: {}\n', '2:13 badAlias'],
  'an alias bomb': [`version: 1\nx-lol:\n${bomb.map((line) => `  ${line}\n`).join('')}modules: {}\n`, '9:10 aliasBomb'],
  'a merge key with a scalar': ['version: 1\nmodules: {a: {<<: 1, module: m}}\n', '2:15 badMergeKey'],
  'a hundred thousand brackets': [`version: 1\nx: ${'['.repeat(100_000)}\n`, '2:1 tooDeep'],
  'a few hundred levels': [`version: 1\nmodules: {}\nx-a: ${'['.repeat(300)}${']'.repeat(300)}\n`, '3:106 tooDeep'],

  // The top
  'an unknown key': ['version: 1\nmodlues: {}\nmodules: {}\n', '2:1 unknownKey'],
  'another version': ['version: 2\nmodules: {}\n', '1:10 badVersion'],
  'a version as text': ['version: "1"\nmodules: {}\n', '1:10 badVersion'],
  'no version is a warning': ['modules: {}\n', '1:1 missingVersion'],
  'no modules': ['version: 1\n', '1:1 noModules'],
  'modules with nothing after it': ['version: 1\nmodules:\npolicy: {}\n', '2:1 emptyModules'],
  'modules as a list': ['version: 1\nmodules: [a]\n', '2:10 wrongType'],
  'nobody to tell': ['version: 1\nmodules: {}\nnotify: [{}]\n', '3:10 badValue'],
  'keys without anything in them is fine': ['version: 1\nmodules: {}\nhosts: {}\nalternatives: {}\nnotify: []\n'],
  'hosts as text': ['version: 1\nmodules: {}\nhosts: x\n', '3:8 wrongType'],
  'an include that is no list': ['version: 1\nmodules: {}\ninclude: a.yaml\n', '3:1 wrongType'],
  'an include that is not there': ['version: 1\nmodules: {}\ninclude: [a.yaml]\n', '3:11 missingFile'],
  'a pattern that matches nothing is a warning': ['version: 1\nmodules: {}\ninclude: [conf.d/*.yaml]\n', '3:11 includeEmpty'],
  'a path of modules that is no text': ['version: 1\nmodules: {}\nmodulePath: [1]\n', '3:14 wrongType'],

  // Policy
  'bad values in policy': [
    'version: 1\nmodules: {}\npolicy:\n  watch: on\n  interval: 10\n  maxRemovals: 150%\n  maxUnavailable: -1\n  selfHeal: maybe\n  prume: all\n',
    '4:10 badValue',
    '5:13 badValue',
    '6:16 badValue',
    '7:19 badValue',
    '8:13 badValue',
    '9:3 unknownKey',
  ],
  'policy as text': ['version: 1\nmodules: {}\npolicy: strict\n', '3:1 wrongType'],

  // Names
  'names that are none': [
    'version: 1\nmodules:\n  a b: m\n  a..b: m\n  all: m\n  "": m\n  ünder: m\n',
    '3:3 badName',
    '4:3 badName',
    '5:3 badName',
    '6:3 badName',
    '7:3 badName',
  ],
  'a name that is too long': [`version: 1\nmodules:\n  ${'a'.repeat(129)}: m\n`, '3:3 badName'],
  'a name with a period': ['version: 1\nmodules:\n  gateway.status: m\n'],
  'a name with a period that no service loads is fine': ['version: 1\nmodules:\n  gateway.status: {module: m, service: none}\n'],

  // Entries
  'an entry with nothing': ['version: 1\nmodules:\n  a:\n  b: []\n  c: 1\n', '3:3 emptyEntry', '4:6 wrongType', '5:6 wrongType'],
  'none of module, command, package': ['version: 1\nmodules:\n  a: {args: [x]}\n', '3:3 missingKind'],
  'a misspelt kind': ['version: 1\nmodules:\n  a: {modul: x}\n', '3:7 unknownKey'],
  'module and command': ['version: 1\nmodules:\n  a: {module: m, command: [c]}\n', '3:18 severalKinds'],
  'a misspelt field': ['version: 1\nmodules:\n  a:\n    module: m\n    stopTimout: 5s\n', '5:5 unknownKey'],
  'a misspelt field further in': ['version: 1\nmodules:\n  a: {module: m, restart: {backoff: {inital: 1s}}}\n', '3:38 unknownKey'],
  'config on a command': ['version: 1\nmodules:\n  a: {command: [c], config: {}}\n', '3:21 configOnCommand'],
  'a field of commands on a module': ['version: 1\nmodules:\n  a: {module: m, cwd: x}\n', '3:18 unknownKey'],
  'a field with nothing': ['version: 1\nmodules:\n  a:\n    command: [c]\n    cwd:\n    args:\n', '5:5 wrongType', '6:5 wrongType'],
  'an empty command': ['version: 1\nmodules:\n  a: {command: []}\n', '3:16 badValue'],
  'a command as text': ['version: 1\nmodules:\n  a: {command: node server.js}\n', '3:16 wrongType'],
  'an empty module': ['version: 1\nmodules:\n  a: {module: ""}\n', '3:15 badValue'],
  'durations, sizes, numbers and flags that are none': [
    'version: 1\nmodules:\n  a:\n    command: [c]\n    stopTimeout: 5\n    startTimeout: soon\n    restart: {backoff: {factor: two}, limit: {count: 0, within: 1m}}\n    log: {maxSize: 1X}\n    disabled: yes\n    stopSignal: TERM\n    ready: {alive: long}\n',
    '5:18 badValue',
    '6:19 badValue',
    '7:33 badValue',
    '7:54 badValue',
    '8:20 badValue',
    '9:15 badValue',
    '10:17 badValue',
    '11:20 badValue',
  ],
  'a limit that lacks a half': ['version: 1\nmodules:\n  a: {module: m, restart: {limit: {count: 1}}}\n', '3:35 missingKey'],
  'signals that there are none of': [
    'version: 1\nmodules:\n  a: {command: [c], stopSignal: SIGFOO}\n  b: {command: [c], stopSignal: SIGRTMIN+31}\n  c: {command: [c], stopSignal: SIGRTMAX-2}\n',
    '3:33 badValue',
    '4:33 badValue',
  ],
  'settings of the log that are none': [
    'version: 1\nmodules:\n  a:\n    command: [c]\n    log: {level: warning, stderrLevel: 3, transform: [["(", x]], sink: syslog, overflow: wait}\n  b: {command: [c], log: {capture: stderr, mergeStderr: true}}\n',
    '5:18 badValue',
    '5:40 badValue',
    '5:56 badValue',
    '5:72 badValue',
    '5:90 badValue',
    '6:36 badValue',
  ],
  'an enum with another word': ['version: 1\nmodules:\n  a: {module: m, restart: {policy: allways}}\n', '3:36 badValue'],
  'a list in the environment': ['version: 1\nmodules:\n  a: {module: m, env: {X: [1]}}\n', '3:27 wrongType'],
  'a secret of an unknown kind': ['version: 1\nmodules:\n  a: {module: m, env: {X: {secret: "vault:x"}}}\n', '3:36 badValue'],
  'a secret with more beside it': ['version: 1\nmodules:\n  a: {module: m, env: {X: {secret: "env:x", y: 1}}}\n', '3:45 unknownKey'],
  'a secret that is written out': ['version: 1\nmodules:\n  a: {module: m, env: {X: {secret: "text:hunter2"}}}\n', '3:36 badValue'],
  'what npm takes for no package': [
    'version: 1\nmodules:\n  a: {package: " "}\n  b: {package: --global}\n  c: {package: ""}\n',
    '3:16 badValue',
    '4:16 badValue',
    '5:16 badValue',
  ],
  'tests of a start that are none, or two': [
    'version: 1\nmodules:\n  a: {command: [c], ready: {tcp: "1", http: "http://x/"}}\n  b: {command: [c], waitFor: {timeout: 1s}}\n  c: {command: [c], ready: {tcp: "x:70000"}}\n  d: {command: [c], ready: {tcp: 0}}\n  e: {command: [c], ready: {log: "("}}\n  f: {command: [c], health: {http: "ftp://x"}}\n  g: {command: [c], ready: {fd: 2}}\n  h: {command: [c], ready: {fd: 64}}\n  i: {command: [c], ready: {notify: false}}\n  j: {command: [c], ready: notfy}\n  k: {command: [c], waitFor: {fiel: x}}\n  l: {command: [c], waitFor: {command: []}}\n  m: {command: [c], health: {tcp: 80, interval: 1ms}}\n',
    '3:28 badValue',
    '4:30 badValue',
    '5:34 badValue',
    '6:34 badValue',
    '7:34 badValue',
    '8:36 badValue',
    '9:33 badValue',
    '10:33 badValue',
    '11:37 badValue',
    '12:28 badValue',
    '13:31 unknownKey',
    '14:40 badValue',
    '15:49 badValue',
  ],
  'an identity that is none': [
    'version: 1\nmodules:\n  a: {command: [c], umask: 0o22}\n  b: {command: [c], umask: 999}\n  c: {command: [c], rlimits: {nofiles: 1}}\n  d: {command: [c], rlimits: {core: lots}}\n  e: {command: [c], user: ""}\n  f: {command: [c], groups: staff}\n',
    '3:28 badValue',
    '4:28 badValue',
    '5:31 badKey',
    '6:37 badValue',
    '7:27 badValue',
    '8:29 wrongType',
  ],
  'what makes no sense for a oneshot': [
    'version: 1\nmodules:\n  a:\n    command: [c]\n    oneshot: true\n    ready: alive\n    health: {tcp: 1}\n    reloadSignal: SIGHUP\n    restart: {policy: always}\n',
    '6:5 misplacedField',
    '7:5 misplacedField',
    '8:5 misplacedField',
    '9:23 misplacedField',
  ],
  'what defaults say of it all the same': [
    'version: 1\ndefaults: {command: {ready: {tcp: 1}, reloadSignal: SIGHUP, restart: {policy: always}}}\nmodules: {a: {command: [c], oneshot: true}}\n',
  ],
  'what is built already of these': [
    'version: 1\nmodules:\n  a: {module: m, isolation: thread, provides: [], critical: false, reload: {strategy: replace}}\n  b: {command: [c], oneshot: false, ready: alive, log: {maxSize: 1M, keep: 2}}\n',
  ],

  // Defaults
  'bad defaults, without any entry that takes them': [
    'version: 1\ndefaults:\n  code: {stopTimout: 1s, startTimeout: x}\n  comand: {}\n  command: []\n  package: {package: x}\nmodules: {}\n',
    '3:10 unknownKey',
    '3:40 badValue',
    '4:3 unknownKey',
    '5:3 wrongType',
    '6:13 badDefault',
  ],
  'a bad default counts once': ['version: 1\ndefaults: {code: {startTimeout: x}}\nmodules: {a: m, b: m}\n', '2:33 badValue'],

  // Variables
  'a variable that is not set': ['version: 1\nmodules:\n  a: {module: m, args: [x, "${PORT}"]}\n', '3:28 unsetVariable'],
  'a variable with a message': [
    'version: 1\nmodules:\n  a: {module: m, env: {X: "${PORT:?say why}", Y: "${EMPTY:?}"}}\n',
    '3:27 unsetVariable',
    '3:50 unsetVariable',
  ],
  'an unset variable in an ignored key': ['version: 1\nx-a: "${NOPE}"\nmodules:\n  x-b: "${NOPE}"\n  a: {module: m, x-c: "${NOPE}"}\n'],
  'an unset variable where a secret is': ['version: 1\nmodules:\n  a: {module: m, env: {PASSWORD: "${NOPE}"}}\n', '3:34 unsetVariable'],

  // The set
  'a requirement that is not declared': [
    'version: 1\nmodules:\n  database: m\n  a: {module: m, requires: [databse]}\n',
    '4:29 unknownRequirement',
  ],
  'a requirement that is disabled': [
    'version: 1\nmodules:\n  b: {module: m, disabled: true}\n  a: {module: m, requires: [{name: b}]}\n',
    '4:36 disabledRequirement',
  ],
  'what a disabled module requires does not matter': ['version: 1\nmodules:\n  a: {module: m, disabled: true, requires: [x, a]}\n'],
  'a cycle': [
    'version: 1\nmodules:\n  c: {module: m, requires: [a]}\n  b: {module: m, requires: [c]}\n  a: {module: m, requires: [b]}\n',
    '5:29 cycle',
  ],
  'a cycle by `after`': ['version: 1\nmodules:\n  a: {module: m, after: [b, nobody]}\n  b: {module: m, requires: [a]}\n', '3:26 cycle'],
  'a module that requires itself': ['version: 1\nmodules:\n  a: {module: m, requires: [a]}\n', '3:29 cycle'],
  'several errors that have nothing to do with each other': [
    'version: 1\nmodules:\n  a: {modul: m}\n  b: {module: m, args: {}}\n  c: {module: m, requires: [d]}\npolicy: {watch: x}\n',
    '3:7 unknownKey',
    '4:24 wrongType',
    '5:29 unknownRequirement',
    '6:17 badValue',
  ],
};

for (const [what, [text, ...findings]] of Object.entries(table)) {
  test(`${what}: ${findings.join(', ') || 'nothing to say'}`, async () => {
    const outcome = await compileText(text, { EMPTY: '' });
    expect(found(outcome)).toEqual(findings);
    const all = outcome.ok ? outcome.config.warnings : outcome.diagnostics;
    for (const { line, column, endLine, endColumn, message } of all) {
      expect(endLine * 1e6 + endColumn).toBeGreaterThanOrEqual(line * 1e6 + column);
      expect(message).not.toMatch(/Invalid input|undefined|\[object/);
    }
  });
}

/** Findings whose words are promised. */
const words: Record<string, [text: string, said: string]> = {
  'did you mean': ['version: 1\nmodules: {a: {module: m, stopTimout: 5s}}\n', 'did you mean stopTimeout'],
  'the cycle': [
    'version: 1\nmodules:\n  c: {module: m, requires: [a]}\n  b: {module: m, requires: [c]}\n  a: {module: m, requires: [b]}\n',
    'a -> b -> c -> a',
  ],
  'the message of a variable': ['version: 1\nmodules: {a: {module: m, args: ["${X:?say why}"]}}\n', 'say why'],
  'the variable': ['version: 1\nmodules: {a: {module: m, args: ["${PORT}"]}}\n', 'PORT'],
  'both places of a module': ['version: 1\nmodules:\n  a: m\n  a: n\n', '/etc/muster.yaml:3'],
  'what would do': ['version: 1\nmodules: {a: {module: m, restart: {policy: x}}}\n', 'never, onFailure or always'],
  'how to say that there are no modules': ['version: 1\nmodules:\n', 'modules: {}'],
  'which two tests there are': [
    'version: 1\nmodules: {a: {command: [c], ready: {tcp: 1, file: f}}}\n',
    'expected one test, found tcp and file',
  ],
  'which tests there could be': ['version: 1\nmodules: {a: {command: [c], health: {interval: 1s}}}\n', 'tcp, http, command, watchdog'],
  'what port is none': ['version: 1\nmodules: {a: {command: [c], ready: {tcp: "x:70000"}}}\n', 'a port from 1 to 65535'],
  'which limit was meant': ['version: 1\nmodules: {a: {command: [c], rlimits: {nofiles: 1}}}\n', 'did you mean nofile'],
  'what sizes there are': [
    'version: 1\nmodules: {a: {command: [c], cgroup: {memoryMax: 12Q}}}\n',
    'expected a size such as 256M, a percentage such as 50%, or max, found "12Q"',
  ],
  'that delays never shrink': [
    'version: 1\nmodules: {a: {command: [c], restart: {backoff: {factor: 0}}}}\n',
    'a number from 1 up, found 0',
  ],
};

for (const [what, [text, said]] of Object.entries(words)) {
  test(`it says ${what}`, async () => {
    const outcome = await compileText(text);
    expect(outcome.ok ? '' : outcome.diagnostics.map(({ message, hint }) => `${message}\n${hint}`).join('\n')).toContain(said);
  });
}
