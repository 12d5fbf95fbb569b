// The tests in a virtual machine: there is nothing there to run them but Node.

let passed = 0;
let failed = 0;

export async function check(title: string, test: () => Promise<void>): Promise<void> {
  try {
    await test();
    passed += 1;
    process.stdout.write(`ok - ${title}\n`);
  } catch (error) {
    failed += 1;
    process.stdout.write(`not ok - ${title}\n${error instanceof Error ? error.stack : error}\n`);
  }
}

export function report(): void {
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
}
