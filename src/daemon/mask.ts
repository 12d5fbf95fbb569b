/** A secret shorter than this cannot be told from ordinary text; it is hidden in its own field only (CONTRACT §6). */
const shortest = 6;
const hidden = '***';

/**
 * Takes the values of secrets out of text, also as they look in JSON, in a URL and in base64.
 * `secrets` is asked anew each time; the work is cached for as long as it answers the same.
 */
export function createMask(secrets: () => readonly string[]): (text: string) => string {
  let known: readonly string[] = [];
  let forms: string[] = [];
  return (text) => {
    const current = secrets();
    if (current.length !== known.length || current.some((secret, index) => secret !== known[index])) {
      known = [...current];
      forms = [...new Set(known.filter((secret) => secret.length >= shortest).flatMap(formsOf))].sort((a, b) => b.length - a.length);
    }
    return forms.reduce((masked, form) => masked.replaceAll(form, hidden), text);
  };
}

function formsOf(secret: string): string[] {
  const base64 = Buffer.from(secret).toString('base64');
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    base64,
    base64.replace(/=+$/, ''),
    Buffer.from(secret).toString('base64url'),
  ];
}
