// A plain program, for a `command:` entry: it knows nothing of muster.
const greeting = process.env.GREETING ?? 'tick';
let ticks = 0;

const timer = setInterval(() => {
  ticks += 1;
  process.stdout.write(`${greeting} ${ticks}\n`);
}, 1000);

process.on('SIGTERM', () => {
  process.stdout.write('stopping\n');
  clearInterval(timer);
});
