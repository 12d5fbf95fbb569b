/** How text is written where other text, or a program, surrounds it, by name; each by itself plain JavaScript, for modules of tests to run. */
export const ways: Readonly<Record<string, (text: string) => string>> = {
  'as it is': (text) => text,
  'in JSON': (text) => JSON.stringify(text),
  'in JSON in JSON': (text) => JSON.stringify(JSON.stringify({ text })),
  'in JSON of ASCII': (text) => JSON.stringify(text).replace(/[^ -~]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`),
  'in JSON with slashes escaped': (text) => JSON.stringify(text).replaceAll('/', '\\/'),
  'in a URL': (text) => encodeURIComponent(text),
  'in a URL in lower case': (text) => encodeURIComponent(text).replace(/%../g, (code) => code.toLowerCase()),
  'in a URL, whole': (text) => Buffer.from(text).toString('hex').replace(/../g, '%$&'),
  'in a query': (text) => new URLSearchParams({ text }).toString(),
  'in a URL in JSON': (text) => JSON.stringify(encodeURIComponent(text)),
  'in JSON in a URL': (text) => encodeURIComponent(JSON.stringify(text)),
  'in HTML': html,
  'in HTML in JSON': (text) => JSON.stringify(html(text)),
  'in markdown': (text) => text.replace(/[!-/:-@[-`{-~]/g, '\\$&'),
  'in JavaScript': (text) => text.replace(/[\\']/g, '\\$&').replaceAll('\n', '\\n'),
  'in base64': base64,
  'in base64 after one byte': (text) => base64(`u${text}`),
  'in base64 after two bytes': (text) => base64(`u:${text}`),
  'in base64 before other bytes': (text) => base64(`${text}:x`),
  'in base64 for URLs': (text) => Buffer.from(`u:${text}`).toString('base64url'),
  'in base64 in a URL': (text) => encodeURIComponent(base64(text)),
  'in base64 of base64': (text) => base64(base64(text)),
  'in hex of base64': (text) => Buffer.from(base64(`u:${text}`)).toString('hex'),
  'in base64 of hex': (text) => base64(Buffer.from(text).toString('hex')),
  'in a shell': (text) => `'${text.replaceAll("'", "'\\''")}'`,
  'in a shell in JSON': (text) => JSON.stringify(`'${text.replaceAll("'", "'\\''")}'`),
  'in a shell as Python has it': (text) => `'${text.replaceAll("'", `'"'"'`)}'`,
  'in YAML': (text) => `'${text.replaceAll("'", "''")}'`,
  'in CSV': (text) => `"${text.replaceAll('"', '""')}"`,
  'in hex': (text) => Buffer.from(text).toString('hex'),
  'in HEX': (text) => Buffer.from(text).toString('hex').toUpperCase(),
};

function html(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/**
 * What of a secret is left in a text, in any of these ways; null: nothing. As text each line of it counts, for output is
 * shown by lines; of base64 what the secret alone decides.
 */
export function leakOf(secret: string, text: string): string | null {
  const lines = secret.split('\n').map((line) => line.trim());
  for (const [way, write] of Object.entries(ways)) {
    for (const part of /base64|hex/i.test(way) ? [secret] : [secret, ...lines]) {
      const written = way.includes('base64') ? coreOf(write(part)) : bare(write(part));
      if (Buffer.byteLength(part) >= 6 && written.length >= 6 && text.includes(written)) return `${way}: ${written}`;
    }
  }
  return null;
}

/** Without what was written around it. */
function bare(text: string): string {
  return text.replace(/^(?:"|%22|text=)+|(?:"|%22)+$/g, '');
}

function coreOf(text: string): string {
  return text.replace(/^..../, '').replace(/.{0,4}(?:=|%3D)*$/, '');
}
