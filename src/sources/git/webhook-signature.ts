import { createHmac, timingSafeEqual } from 'node:crypto';

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** `none`: the header that would prove it is missing. */
export type Proof = 'good' | 'bad' | 'none';

/** Whether a request comes from who knows the secret: a digest of its body as GitHub, Gitea and Forgejo sign it, or GitLab's token. */
export function proofOf(headers: Headers, body: Uint8Array, secret: string): Proof {
  const digest = createHmac('sha256', secret).update(body).digest('hex');
  const expected = [
    { given: headers['x-hub-signature-256'], value: `sha256=${digest}` },
    { given: headers['x-gitea-signature'], value: digest },
    { given: headers['x-forgejo-signature'], value: digest },
    { given: headers['x-gitlab-token'], value: secret },
  ].filter(({ given }) => given !== undefined);
  if (expected.length === 0) return 'none';
  // An empty secret is known to everybody.
  if (secret === '') return 'bad';
  // Of several each has to hold: none of them is taken on the word of another.
  return expected.every(({ given, value }) => typeof given === 'string' && isSame(given, value)) ? 'good' : 'bad';
}

/** Takes as long whatever is different, also the length. */
function isSame(given: string, value: string): boolean {
  const digest = (text: string): Buffer => createHmac('sha256', 'muster').update(text).digest();
  return timingSafeEqual(digest(given), digest(value));
}
